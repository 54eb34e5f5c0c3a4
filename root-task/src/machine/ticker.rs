//! A thread of the root task's own that waits until a time has come: for back-offs, when no service is to be relied
//! on. It runs at the lowest priority, and only while somebody waits.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use alloc::vec::Vec;
use sel4::{CNodeCapData, CPtr, cap, init_thread::slot};

use super::{arch, error::Why};

const STACK_WORDS: usize = 512;
const PRIORITY: u8 = 1;

/// The time to wait for, in ticks; `u64::MAX` is none.
static DUE: AtomicU64 = AtomicU64::new(u64::MAX);
/// The notification to signal then.
static SIGNAL: AtomicU64 = AtomicU64::new(0);

/// The thread.
#[derive(Debug)]
pub struct Ticker {
    tcb: cap::Tcb,
    stack_top: u64,
}

impl Ticker {
    /// Prepares the thread `tcb`; `signal` is the badged notification that it signals.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(tcb: cap::Tcb, signal: cap::Notification) -> Result<Self, Why> {
        SIGNAL.store(signal.bits(), Relaxed);
        // Its IPC buffer is none: waiting and signalling take registers only.
        tcb.tcb_configure(
            CPtr::from_bits(0),
            (PRIORITY, 0),
            slot::CNODE.cap(),
            CNodeCapData::KEEP,
            slot::VSPACE.cap(),
            0,
            cap::Granule::from_bits(0),
        )?;
        // Kept for good: the thread outlives everything.
        let stack: &'static mut [u64] = Vec::leak(alloc::vec![0; STACK_WORDS]);
        Ok(Self { tcb, stack_top: (stack.as_ptr_range().end.addr() & !15) as u64 })
    }

    /// Signals once `due` (in ticks) has come; an earlier time that is waited for stays.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn wake_at(&self, due: u64) -> Result<(), Why> {
        if DUE.fetch_min(due, Relaxed) != u64::MAX {
            return Ok(());
        }
        // It starts anew each time, on the same stack.
        let context = arch::entry(run as *const () as u64, self.stack_top);
        Ok(self.tcb.tcb_write_all_registers(true, &context)?)
    }
}

extern "C" fn run() -> ! {
    while arch::ticks() < DUE.load(Relaxed) {
        sel4::yield_now();
    }
    DUE.store(u64::MAX, Relaxed);
    cap::Notification::from_bits(SIGNAL.load(Relaxed)).signal();
    // Waits for nothing: the root task sets its registers anew.
    loop {
        cap::Endpoint::from_bits(0).recv_with_mrs();
    }
}
