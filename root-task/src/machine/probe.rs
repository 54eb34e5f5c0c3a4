//! A thread of the root task's own that shows whether one of a given priority gets to run: it notes that it did, and no more.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use sel4::cap;

use super::{error::Why, helper::Helper};

/// It ran since it was asked.
static RAN: AtomicBool = AtomicBool::new(false);

/// The thread.
#[derive(Debug)]
pub struct Probe(Helper);

impl Probe {
    /// Prepares the thread `tcb`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(tcb: cap::Tcb) -> Result<Self, Why> {
        Ok(Self(Helper::new(tcb, 0)?))
    }

    /// Has it run at `priority` as soon as nobody above keeps it from that.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn ask(&self, priority: u8) -> Result<(), Why> {
        RAN.store(false, Relaxed);
        self.0.set_priority(priority)?;
        self.0.start(run)
    }

    /// Whether it ran since it was asked.
    pub fn ran() -> bool {
        RAN.load(Relaxed)
    }
}

extern "C" fn run() -> ! {
    RAN.store(true, Relaxed);
    super::helper::rest()
}
