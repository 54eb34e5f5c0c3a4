//! A host for compiled code: stack, regions and the helpers that the generated programs call, on real addresses.
use std::{slice, sync::atomic::AtomicU64};

use bpf_runtime::{
    helper::number,
    interp::{Env, MAX_RECORDS},
    isa::Insn,
    jit::{Checks, HelperFn, MapAddress, Options, Region, Run, STACK_BYTES, Trap},
    map::{Bytes, HEADER_BYTES, Map, MapKind, Record, Ring},
};

use super::native::Native;
use crate::common::{World, create_maps};

/// A map's handle: its index and this.
const HANDLE: u64 = 0x4d41_5000;

/// What the helpers need.
struct Host<'a> {
    maps: Vec<Map<'a>>,
    world: World,
    records: Vec<(u64, Ring<'a>, Record)>,
}

/// How a run ended: r0 and the instructions that it took, or why it was ended.
pub type Ended = Result<(u64, u64), (Trap, u32)>;

/// Compiles and runs; `memory` is r1's, its length is r2. `map_memory` is the maps', or empty.
pub fn run(
    code: &[Insn],
    checks: Checks,
    memory: &mut [u8],
    map_memory: &[Vec<AtomicU64>],
    fuel: u64,
) -> Ended {
    let maps = if map_memory.is_empty() { vec![] } else { create_maps(map_memory) };
    run_on(code, checks, memory, (&maps, map_memory), fuel)
}

/// As [`run`], on maps that are there.
pub fn run_on(
    code: &[Insn],
    checks: Checks,
    memory: &mut [u8],
    (maps, map_memory): (&[Map<'_>], &[Vec<AtomicU64>]),
    fuel: u64,
) -> Ended {
    let addresses: Vec<MapAddress> = (HANDLE..)
        .zip(map_memory)
        .map(|(handle, words)| MapAddress { handle, values: words.as_ptr() as u64 + HEADER_BYTES as u64 })
        .collect();
    let native = Native::new(code, &addresses, Options { checks, fuel: true }).unwrap();
    let mut stack = [0_u128; STACK_BYTES / 16];
    let stack = stack.as_mut_ptr() as u64;
    let mut regions = vec![Region::new(stack, STACK_BYTES as u64, true)];
    regions.extend(
        map_memory.iter().map(|words| Region::new(words.as_ptr() as u64, 8 * words.len() as u64, true)),
    );
    let mut host = Host { maps: maps.to_vec(), world: World::default(), records: vec![] };
    let helpers = helpers();
    let mut run = Run::new(stack, &helpers, &regions);
    run.first = Region::new(memory.as_mut_ptr() as u64, memory.len() as u64, true);
    run.arguments = [memory.as_mut_ptr() as u64, memory.len() as u64, 0, 0, 0];
    run.fuel = fuel;
    run.data = (&raw mut host) as u64;
    // SAFETY: all that `run` points to lives until the end of this function.
    let r0 = unsafe { native.run(&mut run) };
    for (_, ring, record) in host.records {
        ring.commit(record, true);
    }
    run.trap().map_or(Ok((r0, fuel - run.fuel)), Err)
}

fn helpers() -> [Option<HelperFn>; 134] {
    let mut table: [Option<HelperFn>; 134] = [None; 134];
    table[number::MAP_LOOKUP_ELEM as usize] = Some(lookup);
    table[number::KTIME_GET_NS as usize] = Some(now);
    table[number::GET_SMP_PROCESSOR_ID as usize] = Some(cpu);
    table[number::RINGBUF_RESERVE as usize] = Some(reserve);
    table[number::RINGBUF_SUBMIT as usize] = Some(submit);
    table[number::RINGBUF_DISCARD as usize] = Some(discard);
    table
}

fn host(run: &mut Run) -> &mut Host<'static> {
    // SAFETY: `run_on` put it there, and nothing else uses it while the code runs.
    unsafe { &mut *(run.data as *mut Host<'static>) }
}

fn map(run: &mut Run, handle: u64) -> Option<Map<'static>> {
    let found = host(run).maps.get(handle.wrapping_sub(HANDLE) as usize).copied();
    if found.is_none() {
        run.fail();
    }
    found
}

unsafe extern "C" fn lookup(handle: u64, key: u64, _: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    let Some(map) = map(run, handle).filter(|map| map.spec().kind != MapKind::RingBuf) else { return 0 };
    // SAFETY: the verifier has seen to it that so many bytes are there; the tests call it in no other way.
    let key = unsafe { slice::from_raw_parts(key as *const u8, map.spec().key_size as usize) };
    let value = map.lookup(Bytes::Private(key)).and_then(|entry| map.value(entry));
    value.map_or(0, |value| value.as_ptr() as u64)
}

unsafe extern "C" fn now(_: u64, _: u64, _: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    host(run).world.now_ns()
}

/// Always 0, unless the native stack is not aligned as C functions are promised.
unsafe extern "C" fn cpu(_: u64, _: u64, _: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    #[repr(align(16))]
    struct Aligned([u8; 16]);
    let local = std::hint::black_box(std::ptr::from_ref(&Aligned([0; 16])));
    u64::from(host(run).world.cpu()) + local.addr() as u64 % 16
}

unsafe extern "C" fn reserve(handle: u64, len: u64, flags: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    let Some(ring) = map(run, handle).and_then(|map| map.ring()) else { return 0 };
    let host = host(run);
    if flags != 0 || host.records.len() == MAX_RECORDS {
        return 0;
    }
    let Ok(record) = ring.reserve(len as usize) else { return 0 };
    let address = ring.record(record).unwrap().as_ptr() as u64;
    host.records.push((address, ring, record));
    address
}

unsafe extern "C" fn submit(record: u64, _: u64, _: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    commit(run, record, false)
}

unsafe extern "C" fn discard(record: u64, _: u64, _: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    commit(run, record, true)
}

fn commit(run: &mut Run, address: u64, discard: bool) -> u64 {
    let records = &mut host(run).records;
    match records.iter().position(|&(at, ..)| at == address) {
        Some(i) => {
            let (_, ring, record) = records.remove(i);
            ring.commit(record, discard);
        }
        None => run.fail(),
    }
    0
}
