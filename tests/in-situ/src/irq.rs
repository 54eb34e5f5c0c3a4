//! Interrupts, by the PIT.

use sel4::init_thread::slot;
use sel4::{ErrorKind, Result, Trigger, Word, cap, cap_type};
use sel4_test_harness::{Env, test};

use crate::ioports::issue;
use crate::notifications::with_badges;

/// The PIT's line at the IOAPIC: ISA's line 0 comes in at pin 2 (ACPI's MADT of this machine says so).
const PIN: Word = 2;
/// Intel 8254 data sheet: counter 0 and the mode register; mode 0 interrupts once, when the count is over.
const COUNTER: u16 = 0x40;
const MODE: u16 = 0x43;
const ONE_SHOT: u8 = 0b0011_0000;
/// About a millisecond of 1.19 MHz.
const COUNT: u16 = 1193;

fn start_pit(ports: cap::IOPort) -> Result<()> {
    let [low, high] = COUNT.to_le_bytes();
    ports.ioport_out8(MODE, ONE_SHOT)?;
    ports.ioport_out8(COUNTER, low)?;
    ports.ioport_out8(COUNTER, high)
}

#[test]
fn the_pit_interrupts(env: &mut Env) -> Result<()> {
    let (notification, [signaller]) = with_badges(env, [0x10])?;
    let handler = env.alloc_slot::<cap_type::IrqHandler>();
    let ports = issue(env, COUNTER, MODE)?;
    slot::IRQ_CONTROL.cap().irq_control_get_ioapic(0, PIN, Trigger::Edge, 5, &handler.absolute_cptr())?;
    handler.cap().irq_handler_set_notification(signaller)?;
    for _ in 0..3 {
        handler.cap().irq_handler_ack()?;
        start_pit(ports.cap())?;
        assert_eq!(notification.wait(), 0x10);
    }
    ports.absolute_cptr().delete()?;
    handler.cap().irq_handler_clear()?;
    handler.absolute_cptr().delete()
}

#[test]
fn a_vector_has_one_handler(env: &mut Env) -> Result<()> {
    let (first, second) =
        (env.alloc_slot::<cap_type::IrqHandler>(), env.alloc_slot::<cap_type::IrqHandler>());
    let get = |vector, slot: sel4::init_thread::Slot<_>| {
        slot::IRQ_CONTROL.cap().irq_control_get_ioapic(0, PIN, Trigger::Edge, vector, &slot.absolute_cptr())
    };
    get(7, first)?;
    let error = get(7, second).expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::RevokeFirst);
    let error = get(108, second).expect_err("no such vector");
    assert!(matches!(error.kind(), ErrorKind::RangeError { min: 0, .. }), "{error}");
    first.absolute_cptr().delete()?;
    get(7, second)?;
    second.absolute_cptr().delete()
}

#[test(should_error = "IRQHandler_SetNotification: InvalidCapability")]
fn a_handler_signals_notifications_only(env: &mut Env) -> Result<()> {
    let handler = env.alloc_slot::<cap_type::IrqHandler>();
    slot::IRQ_CONTROL.cap().irq_control_get_ioapic(0, PIN, Trigger::Edge, 5, &handler.absolute_cptr())?;
    let result =
        handler.cap().irq_handler_set_notification(cap::Notification::from_bits(slot::TCB.cptr().bits()));
    handler.absolute_cptr().delete()?;
    result
}
