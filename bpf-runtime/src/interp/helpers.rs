//! The helpers' implementations, by number.
use super::{
    Env, TrapReason,
    machine::Machine,
    memory::{RECORD, address, value_address},
    print::{self, Arguments},
};
use crate::{
    errno::Errno,
    helper::number,
    map::{CPUS, Map, MapKind, Record, Ring},
};

/// Wake-up flags of the ring buffer helpers: accepted, the consumer polls.
const WAKEUP_FLAGS: u64 = 3;

/// `BPF_F_CURRENT_CPU`, and the mask of the index.
const CURRENT_CPU: u64 = 0xffff_ffff;

fn to_r0(result: Result<(), Errno>) -> u64 {
    result.map_or_else(Errno::to_r0, |()| 0)
}

/// Whether a map that packets are redirected by has something there: 0 stands for nothing.
pub(super) fn is_set(map: &Map<'_>, entry: u32) -> bool {
    map.value(entry).is_some_and(|value| value.load(0, 4).is_ok_and(|target| target != 0))
}

impl<'a, E: Env + ?Sized> Machine<'_, 'a, E> {
    /// Calls a helper with the arguments in r1 to r5; gives r0.
    #[inline(never)]
    pub(super) fn call_helper(&mut self, helper: u32) -> Result<u64, TrapReason> {
        let [_, r1, r2, r3, r4, r5, ..] = self.regs;
        match helper {
            number::TAIL_CALL => self.tail_call(r2, r3),
            number::PERF_EVENT_OUTPUT => self.perf_output(r2, r3, r4, r5),
            number::MAP_UPDATE_ELEM => self.map_update(r1, r2, r3, r4),
            number::MAP_DELETE_ELEM => {
                let (_, map) = self.map(r1)?;
                if map.spec().is_read_only() {
                    return Err(TrapReason::ReadOnly);
                }
                let key = self.bytes(r2, map.spec().key_size as usize)?;
                Ok(to_r0(map.delete(key)))
            }
            number::MAP_LOOKUP_PERCPU_ELEM if r3 >= u64::from(CPUS) => Ok(0),
            number::MAP_LOOKUP_ELEM | number::MAP_LOOKUP_PERCPU_ELEM => self.map_lookup(r1, r2),
            number::GET_NUMA_NODE_ID => Ok(0),
            number::KTIME_GET_NS | number::KTIME_GET_BOOT_NS | number::KTIME_GET_COARSE_NS => {
                Ok(self.env.now_ns())
            }
            number::GET_PRANDOM_U32 => Ok(self.env.random_u32().into()),
            number::GET_SMP_PROCESSOR_ID => Ok(self.env.cpu().into()),
            number::TRACE_PRINTK => {
                let [_, _, _, a, b, c, ..] = self.regs;
                self.trace(r1, r2, Arguments::Registers([a, b, c]))
            }
            number::TRACE_VPRINTK => self.trace(r1, r2, Arguments::Memory { address: r3, bytes: r4 }),
            number::RINGBUF_OUTPUT => self.ring_output(r1, r2, r3, r4),
            number::RINGBUF_RESERVE => self.ring_reserve(r1, r2, r3),
            number::RINGBUF_SUBMIT => self.ring_commit(r1, false),
            number::RINGBUF_DISCARD => self.ring_commit(r1, true),
            number::RINGBUF_QUERY => Ok(self.ring(r1, MapKind::RingBuf)?.query(r2)),
            _ => self.call_network_helper(helper),
        }
    }

    pub(super) fn map_lookup(&self, handle: u64, key: u64) -> Result<u64, TrapReason> {
        let (number, map) = self.map(handle)?;
        let key = self.bytes(key, map.spec().key_size as usize)?;
        let entry = map.lookup(key).filter(|&entry| !map.spec().kind.redirects() || is_set(map, entry));
        Ok(entry.map_or(0, |entry| value_address(number, entry)))
    }

    fn map_update(&self, handle: u64, key: u64, value: u64, flags: u64) -> Result<u64, TrapReason> {
        let (_, map) = self.map(handle)?;
        if map.spec().is_read_only() {
            return Err(TrapReason::ReadOnly);
        }
        let key = self.bytes(key, map.spec().key_size as usize)?;
        let value = self.bytes(value, map.spec().value_size as usize)?;
        Ok(to_r0(map.update(key, value, flags)))
    }

    fn trace(&mut self, format: u64, len: u64, arguments: Arguments) -> Result<u64, TrapReason> {
        let text = print::format(self, format, len, arguments)?;
        self.env.trace(text.bytes());
        Ok(text.bytes().len() as u64)
    }

    fn ring(&self, handle: u64, kind: MapKind) -> Result<Ring<'a>, TrapReason> {
        let (_, map) = self.map(handle)?;
        map.ring().filter(|_| map.spec().kind == kind).ok_or(TrapReason::NoMap)
    }

    fn ring_output(&self, handle: u64, data: u64, len: u64, flags: u64) -> Result<u64, TrapReason> {
        let ring = self.ring(handle, MapKind::RingBuf)?;
        if flags & !WAKEUP_FLAGS != 0 {
            return Ok(Errno::EINVAL.to_r0());
        }
        let data = self.bytes(data, len as usize)?;
        Ok(to_r0(ring.output(data)))
    }

    /// Goes over to another program, or on.
    fn tail_call(&mut self, handle: u64, index: u64) -> Result<u64, TrapReason> {
        let (_, map) = self.map(handle)?;
        if map.spec().kind != MapKind::ProgArray {
            return Err(TrapReason::NoMap);
        }
        if self.depth() != 0 {
            return Err(TrapReason::NoFunction);
        }
        // As in Linux the index has 32 bits.
        let entry = map.lookup((&(index as u32).to_le_bytes()).into());
        let number = entry.and_then(|entry| map.value(entry)?.load(0, 4).ok()).unwrap_or(0) as u32;
        if number != 0 && self.env.tail_call(number) {
            return Err(TrapReason::TailCall { number });
        }
        Ok(0)
    }

    /// A sample, as Linux's `bpf_perf_event_output`, into the ring of this CPU: the bytes alone, without
    /// `struct perf_event_header` before them.
    fn perf_output(&mut self, handle: u64, flags: u64, data: u64, len: u64) -> Result<u64, TrapReason> {
        let ring = self.ring(handle, MapKind::PerfEventArray)?;
        let entries = self.map(handle)?.1.spec().max_entries;
        let this = self.env.cpu();
        let index = if flags == CURRENT_CPU { this } else { flags as u32 };
        if flags > CURRENT_CPU {
            return Ok(Errno::EINVAL.to_r0());
        }
        if index >= entries {
            return Ok(Errno::E2BIG.to_r0());
        }
        if index >= CPUS {
            return Ok(Errno::ENOENT.to_r0());
        }
        let data = self.bytes(data, len as usize)?;
        Ok(to_r0(ring.output(data).map_err(|e| if e == Errno::EAGAIN { Errno::ENOSPC } else { e })))
    }

    fn ring_reserve(&mut self, handle: u64, len: u64, flags: u64) -> Result<u64, TrapReason> {
        let ring = self.ring(handle, MapKind::RingBuf)?;
        let free = self.records.iter().position(Option::is_none);
        let (Some(slot), 0) = (free, flags) else { return Ok(0) };
        let Ok(record) = ring.reserve(len as usize) else { return Ok(0) };
        self.records[slot] = Some((ring, record));
        Ok(address(RECORD | slot as u32))
    }

    fn ring_commit(&mut self, pointer: u64, discard: bool) -> Result<u64, TrapReason> {
        let slot = ((pointer >> 32) as u32 ^ RECORD) as usize;
        let reserved = self.records.get_mut(slot).and_then(Option::take).filter(|_| pointer as u32 == 0);
        let (ring, record): (_, Record) = reserved.ok_or(TrapReason::NoRecord)?;
        ring.commit(record, discard);
        Ok(0)
    }

    /// Drops the records that a run left open: a program that traps must not block its ring buffers.
    pub(super) fn discard_records(&mut self) {
        for slot in &mut *self.records {
            if let Some((ring, record)) = slot.take() {
                ring.commit(record, true);
            }
        }
    }
}
