//! The clock that ends tests which hang: the RTC's periodic interrupt (Motorola MC146818 data sheet), since
//! tests may want the PIT and the HPET for themselves.

use sel4::init_thread::{Slot, slot};
use sel4::{BootInfo, Result, Trigger, VmAttributes, Word, cap, cap_type};

/// How registers are mapped.
pub const DEVICE: VmAttributes = VmAttributes::UNCACHED;

/// Index and data port.
const INDEX: u16 = 0x70;
const DATA: u16 = 0x71;
/// Register A: the rate in its low four bits; n means 65536 >> n Hz for n > 2.
const REGISTER_A: u8 = 0x0a;
const RATE: u8 = 13;
/// Ticks in a second.
pub const HZ: u32 = 65536 >> RATE;
/// Register B: bit 6 turns the periodic interrupt on.
const REGISTER_B: u8 = 0x0b;
const PERIODIC: u8 = 1 << 6;
/// Register C: reading it lets the next interrupt come.
const REGISTER_C: u8 = 0x0c;
/// The RTC's pin at the IOAPIC, and the last vector: tests take others.
const PIN: Word = 8;
const VECTOR: Word = 106;

/// A clock that signals a notification.
#[derive(Debug)]
pub struct Ticker {
    handler: cap::IrqHandler,
}

/// The RTC's ports.
const PORTS: Slot<cap_type::IOPort> = Slot::from_end(0);

impl Ticker {
    /// Starts it.
    pub fn start(
        _: BootInfo,
        handler: Slot<cap_type::IrqHandler>,
        notification: cap::Notification,
    ) -> Result<Self> {
        let control = slot::IRQ_CONTROL.cap();
        control.irq_control_get_ioapic(0, PIN, Trigger::Edge, VECTOR, &handler.absolute_cptr())?;
        let ticker = Self { handler: handler.cap() };
        ticker.handler.irq_handler_set_notification(notification)?;
        slot::IO_PORT_CONTROL.cap().ioport_control_issue(INDEX, DATA, &PORTS.absolute_cptr())?;
        let rate = read(REGISTER_A)? & 0xf0 | RATE;
        write(REGISTER_A, rate)?;
        write(REGISTER_B, read(REGISTER_B)? | PERIODIC)?;
        ticker.acknowledge()?;
        Ok(ticker)
    }

    /// Lets the next tick come.
    pub fn acknowledge(&self) -> Result<()> {
        // In this order: an edge that comes while the pin is masked is lost.
        self.handler.irq_handler_ack()?;
        read(REGISTER_C).map(drop)
    }
}

fn read(register: u8) -> Result<u8> {
    let ports = PORTS.cap();
    ports.ioport_out8(INDEX, register)?;
    ports.ioport_in8(DATA)
}

fn write(register: u8, value: u8) -> Result<()> {
    let ports = PORTS.cap();
    ports.ioport_out8(INDEX, register)?;
    ports.ioport_out8(DATA, value)
}
