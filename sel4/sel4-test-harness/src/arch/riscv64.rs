//! The clock that ends tests which hang: the Goldfish RTC of QEMU's `virt` (`hw/rtc/goldfish_rtc.c`), whose alarm
//! interrupts. The processor's timer is the kernel's.

use sel4::init_thread::{Slot, slot};
use sel4::{BootInfo, Result, VmAttributes, Word, cap, cap_type};

use crate::Registers;

/// How registers are mapped.
pub const DEVICE: VmAttributes = VmAttributes::EXECUTE_NEVER;

/// Ticks in a second.
pub const HZ: u32 = 16;
/// Where it is, and its source at the PLIC (`hw/riscv/virt.c`, `VIRT_RTC` and `RTC_IRQ`).
const PADDR: Word = 0x10_1000;
const IRQ: Word = 11;
/// The time in ns: reading the low half latches the high one.
const TIME_LOW: usize = 0x00;
const TIME_HIGH: usize = 0x04;
/// Writing the low half sets the alarm.
const ALARM_LOW: usize = 0x08;
const ALARM_HIGH: usize = 0x0c;
const IRQ_ENABLED: usize = 0x10;
const CLEAR_INTERRUPT: usize = 0x1c;

static REGISTERS: Registers = Registers::new();

/// A clock that signals a notification.
#[derive(Debug)]
pub struct Ticker {
    handler: cap::IrqHandler,
}

impl Ticker {
    /// Starts it.
    pub fn start(
        bootinfo: BootInfo,
        handler: Slot<cap_type::IrqHandler>,
        notification: cap::Notification,
    ) -> Result<Self> {
        REGISTERS.map(bootinfo, PADDR)?;
        slot::IRQ_CONTROL.cap().irq_control_get(IRQ, &handler.absolute_cptr())?;
        let ticker = Self { handler: handler.cap() };
        ticker.handler.irq_handler_set_notification(notification)?;
        REGISTERS.write32(IRQ_ENABLED, 1);
        ticker.acknowledge()?;
        Ok(ticker)
    }

    /// Lets the next tick come.
    pub fn acknowledge(&self) -> Result<()> {
        REGISTERS.write32(CLEAR_INTERRUPT, 1);
        let low = u64::from(REGISTERS.read32(TIME_LOW));
        let now = u64::from(REGISTERS.read32(TIME_HIGH)) << 32 | low;
        let alarm = now + 1_000_000_000 / u64::from(HZ);
        REGISTERS.write32(ALARM_HIGH, (alarm >> 32) as u32);
        REGISTERS.write32(ALARM_LOW, alarm as u32);
        self.handler.irq_handler_ack()
    }
}
