//! A thread beside the root task's first one, in the same address space. It makes no system call that needs an IPC buffer.

use alloc::vec::Vec;
use sel4::{CNodeCapData, CPtr, cap, init_thread::slot};

use super::{arch, error::Why};

const STACK_WORDS: usize = 512;

/// The thread.
#[derive(Debug)]
pub struct Helper {
    tcb: cap::Tcb,
    stack_top: u64,
}

impl Helper {
    /// Prepares the thread `tcb`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(tcb: cap::Tcb, priority: u8) -> Result<Self, Why> {
        // Its IPC buffer is none: waiting and signalling take registers only.
        tcb.tcb_configure(
            CPtr::from_bits(0),
            (priority, 0),
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

    /// Sets its priority.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn set_priority(&self, priority: u8) -> Result<(), Why> {
        Ok(self.tcb.tcb_set_priority(priority)?)
    }

    /// Lets it run from `entry` on; it starts anew each time, on the same stack.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn start(&self, entry: extern "C" fn() -> !) -> Result<(), Why> {
        let context = arch::entry(entry as *const () as u64, self.stack_top);
        Ok(self.tcb.tcb_write_all_registers(true, &context)?)
    }
}

/// The end of what such a thread does: it waits for nothing, until it is started anew.
pub fn rest() -> ! {
    loop {
        cap::Endpoint::from_bits(0).recv_with_mrs();
    }
}
