//! A thread of the root task's own that waits until a time has come: for back-offs, when no service is to be relied
//! on. It runs at the lowest priority, and only while somebody waits.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sel4::cap;

use super::{
    arch,
    error::Why,
    helper::{self, Helper},
};

const PRIORITY: u8 = 1;

/// The time to wait for, in ticks; `u64::MAX` is none.
static DUE: AtomicU64 = AtomicU64::new(u64::MAX);
/// The notification to signal then.
static SIGNAL: AtomicU64 = AtomicU64::new(0);

/// The thread.
#[derive(Debug)]
pub struct Ticker(Helper);

impl Ticker {
    /// Prepares the thread `tcb`; `signal` is the badged notification that it signals.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(tcb: cap::Tcb, signal: cap::Notification) -> Result<Self, Why> {
        SIGNAL.store(signal.bits(), Relaxed);
        Ok(Self(Helper::new(tcb, PRIORITY)?))
    }

    /// Signals once `due` (in ticks) has come; an earlier time that is waited for stays.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn wake_at(&self, due: u64) -> Result<(), Why> {
        if DUE.fetch_min(due, Relaxed) != u64::MAX {
            return Ok(());
        }
        self.0.start(run)
    }
}

extern "C" fn run() -> ! {
    while arch::ticks() < DUE.load(Relaxed) {
        sel4::yield_now();
    }
    DUE.store(u64::MAX, Relaxed);
    cap::Notification::from_bits(SIGNAL.load(Relaxed)).signal();
    helper::rest()
}
