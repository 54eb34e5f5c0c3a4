//! What compiled programs call: the helpers, on real addresses of the domain that runs them.
//!
//! Compiled code gets here only from a `call`, with arguments of which the verifier has proven what
//! [`crate::helper::HELPERS`] says: that so many bytes are there, that the map is one of its maps. Should the verifier
//! be wrong, what happens here happens to the domain that runs the program, and to nobody else.
#![allow(unsafe_code, reason = "arguments of compiled code are addresses")]
mod memory;
#[cfg(test)]
mod tests;

use core::marker::PhantomData;

use memory::bytes;

use crate::{
    errno::Errno,
    helper::number,
    interp::{
        Env, MAX_RECORDS,
        print::{self, Arguments},
    },
    jit::{HelperFn, Run},
    map::{CPUS, Map, MapKind, Record, Ring},
};

/// One more than the highest number of a helper.
pub const HELPERS: usize = number::MAP_LOOKUP_PERCPU_ELEM as usize + 1;
/// `BPF_F_CURRENT_CPU`, and the mask of the index.
const CURRENT_CPU: u64 = 0xffff_ffff;
/// Wake-up flags of the ring buffer helpers: accepted, the consumer polls.
const WAKEUP_FLAGS: u64 = 3;

/// The first byte of compiled code.
#[derive(Clone, Copy, Debug)]
pub struct Entry(unsafe extern "C" fn(&mut Run) -> u64);

impl Entry {
    /// The code at `address`, whose first byte is not at 0.
    ///
    /// # Safety
    /// There is code that [`crate::jit::compile`] made, and it stays there, readable and executable.
    pub const unsafe fn at(address: u64) -> Self {
        // SAFETY: as this function's; a function's address is not 0.
        Self(unsafe {
            core::mem::transmute::<usize, unsafe extern "C" fn(&mut Run) -> u64>(address as usize)
        })
    }

    /// Runs it with `host`; gives r0, which is void if [`Run::trap`] says so.
    ///
    /// # Safety
    /// The code was compiled with all checks, or of a verified program; what `run` points to lives.
    #[inline]
    pub unsafe fn run<E: Env>(self, host: &mut Host<'_, E>, run: &mut Run) -> u64 {
        run.data = core::ptr::from_mut(host).expose_provenance() as u64;
        // SAFETY: `host` is this function's alone until it returns; the rest is the caller's promise.
        unsafe { (self.0)(run) }
    }
}

/// What helpers need while a program runs. A map's handle, as given to the compiler, is its place in `maps`.
pub struct Host<'a, E> {
    /// The program's maps.
    pub maps: &'a [Map<'a>],
    /// The system around.
    pub env: E,
    /// Memory that `%s` may read besides the maps: first address and bytes.
    pub stack: (u64, u64),
    records: [Option<(u64, Ring<'a>, Record)>; MAX_RECORDS],
}

impl<'a, E: Env> Host<'a, E> {
    /// A host with these maps. `stack` is what the program's frames lie in: first address and bytes.
    pub const fn new(maps: &'a [Map<'a>], env: E, stack: (u64, u64)) -> Self {
        Self { maps, env, stack, records: [None; MAX_RECORDS] }
    }

    /// The functions that compiled code calls, by number, when [`Entry::run`] was given this host.
    pub const FUNCTIONS: [Option<HelperFn>; HELPERS] = Functions::<E>::TABLE;

    /// Drops the records that a run left open: a program that was stopped must not block its ring buffers.
    #[inline]
    pub fn discard_records(&mut self) {
        for record in &mut self.records {
            if let Some((_, ring, record)) = record.take() {
                ring.commit(record, true);
            }
        }
    }

    fn map(&self, handle: u64) -> Option<&Map<'a>> {
        self.maps.get(handle as usize)
    }

    fn ring(&self, handle: u64, kind: MapKind) -> Option<Ring<'a>> {
        self.map(handle).filter(|map| map.spec().kind == kind).and_then(Map::ring)
    }

    fn trace(&mut self, format: u64, len: u64, arguments: Arguments) -> u64 {
        let Ok(text) = print::format(self, format, len, arguments) else { return Errno::EINVAL.to_r0() };
        self.env.trace(text.bytes());
        text.bytes().len() as u64
    }

    fn commit(&mut self, address: u64, discard: bool) -> u64 {
        let ours = |record: &&mut Option<(u64, Ring<'a>, Record)>| matches!(record, Some((at, ..)) if *at == address);
        if let Some((_, ring, record)) = self.records.iter_mut().find(ours).and_then(Option::take) {
            ring.commit(record, discard);
        }
        0
    }
}

/// The table is the same for every lifetime.
struct Functions<E>(PhantomData<E>);

/// Makes a C function out of one on a host and five words.
macro_rules! functions {
    ($($number:ident => $function:expr;)*) => {
        impl<E: Env> Functions<E> {
            const TABLE: [Option<HelperFn>; HELPERS] = {
                let mut table: [Option<HelperFn>; HELPERS] = [None; HELPERS];
                $({
                    unsafe extern "C" fn call<E: Env>(a: u64, b: u64, c: u64, d: u64, e: u64, run: &mut Run) -> u64 {
                        let host = core::ptr::with_exposed_provenance_mut::<Host<'_, E>>(run.data as usize);
                        let function: fn(&mut Host<'_, E>, [u64; 5]) -> u64 = $function;
                        // SAFETY: `Entry::run` put it there, and nothing else uses it while the code runs.
                        function(unsafe { &mut *host }, [a, b, c, d, e])
                    }
                    table[number::$number as usize] = Some(call::<E>);
                })*
                table
            };
        }
    };
}

functions! {
    MAP_LOOKUP_ELEM => |host, [map, key, ..]| lookup(host, map, key);
    MAP_LOOKUP_PERCPU_ELEM => |host, [map, key, cpu, ..]| {
        if cpu < u64::from(CPUS) { lookup(host, map, key) } else { 0 }
    };
    MAP_UPDATE_ELEM => |host, [map, key, value, flags, _]| match host.map(map) {
        Some(map) => {
            let (key_bytes, value_bytes) = (map.spec().key_size as usize, map.spec().value_size as usize);
            to_r0(map.update(bytes(key, key_bytes), bytes(value, value_bytes), flags))
        }
        None => Errno::EINVAL.to_r0(),
    };
    MAP_DELETE_ELEM => |host, [map, key, ..]| match host.map(map) {
        Some(map) => to_r0(map.delete(bytes(key, map.spec().key_size as usize))),
        None => Errno::EINVAL.to_r0(),
    };
    KTIME_GET_NS => |host, _| host.env.now_ns();
    KTIME_GET_BOOT_NS => |host, _| host.env.now_ns();
    KTIME_GET_COARSE_NS => |host, _| host.env.now_ns();
    GET_PRANDOM_U32 => |host, _| host.env.random_u32().into();
    GET_SMP_PROCESSOR_ID => |host, _| host.env.cpu().into();
    GET_NUMA_NODE_ID => |_, _| 0;
    // No program is there to go over to: as with an empty place in the array, it goes on.
    TAIL_CALL => |_, _| Errno::ENOENT.to_r0();
    TRACE_PRINTK => |host, [format, len, a, b, c]| host.trace(format, len, Arguments::Registers([a, b, c]));
    TRACE_VPRINTK => |host, [format, len, address, bytes, _]| {
        host.trace(format, len, Arguments::Memory { address, bytes })
    };
    PERF_EVENT_OUTPUT => |host, [_, map, flags, data, len]| perf_output(host, map, flags, data, len);
    RINGBUF_OUTPUT => |host, [map, data, len, flags, _]| match host.ring(map, MapKind::RingBuf) {
        Some(ring) if flags & !WAKEUP_FLAGS == 0 => to_r0(ring.output(bytes(data, len as usize))),
        _ => Errno::EINVAL.to_r0(),
    };
    RINGBUF_RESERVE => |host, [map, len, flags, ..]| reserve(host, map, len, flags);
    RINGBUF_SUBMIT => |host, [record, ..]| host.commit(record, false);
    RINGBUF_DISCARD => |host, [record, ..]| host.commit(record, true);
    RINGBUF_QUERY => |host, [map, what, ..]| host.ring(map, MapKind::RingBuf).map_or(0, |ring| ring.query(what));
}

fn to_r0(result: Result<(), Errno>) -> u64 {
    result.map_or_else(Errno::to_r0, |()| 0)
}

fn lookup<E: Env>(host: &Host<'_, E>, map: u64, key: u64) -> u64 {
    let Some(map) = host.map(map) else { return 0 };
    let value = map.lookup(bytes(key, map.spec().key_size as usize)).and_then(|entry| map.value(entry));
    value.map_or(0, |value| value.as_ptr().expose_provenance() as u64)
}

fn reserve<E: Env>(host: &mut Host<'_, E>, map: u64, len: u64, flags: u64) -> u64 {
    let Some(ring) = host.ring(map, MapKind::RingBuf).filter(|_| flags == 0) else { return 0 };
    let Some(free) = host.records.iter_mut().find(|record| record.is_none()) else { return 0 };
    let Ok(record) = ring.reserve(len as usize) else { return 0 };
    let Some(memory) = ring.record(record) else { return 0 };
    let address = memory.as_ptr().expose_provenance() as u64;
    *free = Some((address, ring, record));
    address
}

/// As the interpreter's: a sample without `struct perf_event_header` before it.
fn perf_output<E: Env>(host: &mut Host<'_, E>, map: u64, flags: u64, data: u64, len: u64) -> u64 {
    let Some(ring) = host.ring(map, MapKind::PerfEventArray) else { return Errno::EINVAL.to_r0() };
    let entries = host.map(map).map_or(0, |map| map.spec().max_entries);
    let index = if flags == CURRENT_CPU { host.env.cpu() } else { flags as u32 };
    match index {
        _ if flags > CURRENT_CPU => Errno::EINVAL.to_r0(),
        index if index >= entries => Errno::E2BIG.to_r0(),
        index if index >= CPUS => Errno::ENOENT.to_r0(),
        _ => {
            let sent = ring.output(bytes(data, len as usize));
            to_r0(sent.map_err(|e| if e == Errno::EAGAIN { Errno::ENOSPC } else { e }))
        }
    }
}
