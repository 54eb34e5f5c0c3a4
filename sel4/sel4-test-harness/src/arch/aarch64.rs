//! The clock that ends tests which hang: EL1's physical timer (Arm ARM, D11.2), which the loader opens to programs; the
//! kernel's own is the virtual one.

use core::arch::asm;

use sel4::init_thread::{Slot, slot};
use sel4::{BootInfo, Result, VmAttributes, Word, cap, cap_type};

/// How registers are mapped.
pub const DEVICE: VmAttributes = VmAttributes::UNCACHED;

/// Ticks in a second.
pub const HZ: u32 = 16;
/// Its interrupt, a private one (Arm Base System Architecture, 3.8.1).
const IRQ: Word = 30;

/// A clock that signals a notification.
#[derive(Debug)]
pub struct Ticker {
    handler: cap::IrqHandler,
}

impl Ticker {
    /// Starts it.
    pub fn start(
        _: BootInfo,
        handler: Slot<cap_type::IrqHandler>,
        notification: cap::Notification,
    ) -> Result<Self> {
        slot::IRQ_CONTROL.cap().irq_control_get(IRQ, &handler.absolute_cptr())?;
        let ticker = Self { handler: handler.cap() };
        ticker.handler.irq_handler_set_notification(notification)?;
        ticker.acknowledge()?;
        Ok(ticker)
    }

    /// Lets the next tick come.
    pub fn acknowledge(&self) -> Result<()> {
        // SAFETY: they set when this program's own timer interrupts; `CNTP_TVAL_EL0` counts down, and `CNTP_CTL_EL0` is
        // enabled, not masked.
        unsafe {
            let hz: u64;
            asm!("mrs {}, cntfrq_el0", out(reg) hz, options(nomem, nostack, preserves_flags));
            asm!("msr cntp_tval_el0, {}", in(reg) hz / u64::from(HZ), options(nomem, nostack, preserves_flags));
            asm!("msr cntp_ctl_el0, {}", "isb", in(reg) 1_u64, options(nomem, nostack, preserves_flags));
        }
        // Its level is gone now.
        self.handler.irq_handler_ack()
    }
}
