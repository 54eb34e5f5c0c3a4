//! A run in rbpf: it works on real addresses, and its helpers are functions without state.
use std::{cell::RefCell, slice, sync::atomic::AtomicU64};

use bpf_runtime::{
    helper::number,
    interp::MAX_RECORDS,
    isa::{Insn, opcode},
    map::{Bytes, HEADER_BYTES, Map, Record, Ring},
};
use shm::Shm;

/// The handle of the first map.
const HANDLE: u64 = 0x4d41_5000;

/// What the helpers of a run need.
#[derive(Default)]
struct Host {
    maps: Vec<Map<'static>>,
    records: Vec<(u64, Ring<'static>, Record)>,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Runs a program on the maps in `memory`; r1 is the context.
///
/// # Errors
/// What rbpf says.
pub fn run(code: &[Insn], context: &[u8; 32], memory: &[Vec<AtomicU64>]) -> Result<u64, String> {
    let maps = memory.iter().map(|words| {
        // SAFETY: the host forgets the maps before this function returns.
        let words: &'static [AtomicU64] = unsafe { slice::from_raw_parts(words.as_ptr(), words.len()) };
        Map::open(Shm::from_words(words)).unwrap()
    });
    HOST.set(Host { maps: maps.collect(), records: vec![] });
    let answer = execute(code, context, memory);
    for (_, ring, record) in HOST.take().records {
        ring.commit(record, true);
    }
    answer.map_err(|e| e.to_string())
}

fn execute(code: &[Insn], context: &[u8; 32], memory: &[Vec<AtomicU64>]) -> std::io::Result<u64> {
    let code: Vec<u8> = addressed(code, memory).into_iter().flat_map(Insn::to_bytes).collect();
    let mut context = *context;
    let mut vm = rbpf::EbpfVmRaw::new(Some(&code))?;
    vm.register_helper(number::MAP_LOOKUP_ELEM, lookup)?;
    vm.register_helper(number::RINGBUF_RESERVE, reserve)?;
    vm.register_helper(number::RINGBUF_SUBMIT, |record, _, _, _, _| commit(record, false))?;
    vm.register_helper(number::RINGBUF_DISCARD, |record, _, _, _, _| commit(record, true))?;
    for words in memory {
        let range = words.as_ptr_range();
        vm.register_allowed_memory(range.start as u64..range.end as u64);
    }
    vm.execute_program(&mut context)
}

/// The code with handles and addresses in place of the maps' numbers.
fn addressed(code: &[Insn], memory: &[Vec<AtomicU64>]) -> Vec<Insn> {
    let mut code = code.to_vec();
    let mut at = 0;
    while at < code.len() {
        if !code[at].is_lddw() {
            at += 1;
            continue;
        }
        let (first, map, off) = (code[at], code[at].imm as usize, code[at + 1].imm as u64);
        let value = match first.src {
            opcode::LDDW_MAP => HANDLE + map as u64,
            opcode::LDDW_MAP_VALUE => memory[map].as_ptr() as u64 + HEADER_BYTES as u64 + off,
            _ => u64::from(first.imm as u32) | off << 32,
        };
        code[at] = Insn { src: 0, imm: value as i32, ..first };
        code[at + 1].imm = (value >> 32) as i32;
        at += 2;
    }
    code
}

/// The map of a handle: that it is one was verified.
fn map(handle: u64) -> Map<'static> {
    HOST.with_borrow(|host| host.maps[(handle - HANDLE) as usize])
}

fn lookup(handle: u64, key: u64, _: u64, _: u64, _: u64) -> u64 {
    let map = map(handle);
    // SAFETY: the verifier has seen to it that so many bytes are there.
    let key = unsafe { slice::from_raw_parts(key as *const u8, map.spec().key_size as usize) };
    let value = map.lookup(Bytes::Private(key)).and_then(|entry| map.value(entry));
    value.map_or(0, |value| value.as_ptr() as u64)
}

fn reserve(handle: u64, len: u64, flags: u64, _: u64, _: u64) -> u64 {
    let ring = map(handle).ring().unwrap();
    HOST.with_borrow_mut(|host| {
        let free = flags == 0 && host.records.len() < MAX_RECORDS;
        let Some(record) = free.then(|| ring.reserve(len as usize).ok()).flatten() else { return 0 };
        let address = ring.record(record).unwrap().as_ptr() as u64;
        host.records.push((address, ring, record));
        address
    })
}

fn commit(address: u64, discard: bool) -> u64 {
    HOST.with_borrow_mut(|host| {
        let found = host.records.iter().position(|&(at, ..)| at == address).unwrap();
        let (_, ring, record) = host.records.remove(found);
        ring.commit(record, discard);
    });
    0
}
