//! Interrupts.

use sel4::init_thread::slot;
use sel4::{ErrorKind, Result, cap, cap_type};
use sel4_test_harness::{Env, test};

use crate::arch::{self, issue_irq};
use crate::notifications::with_badges;

#[test]
fn a_device_interrupts(env: &mut Env) -> Result<()> {
    let (notification, [signaller]) = with_badges(env, [0x10])?;
    let handler = env.alloc_slot::<cap_type::IrqHandler>();
    let source = arch::Source::open(env)?;
    issue_irq(arch::DEVICE, &handler.absolute_cptr())?;
    handler.cap().irq_handler_set_notification(signaller)?;
    for _ in 0..3 {
        handler.cap().irq_handler_ack()?;
        source.start()?;
        assert_eq!(notification.wait(), 0x10);
        source.settle();
    }
    source.close()?;
    handler.cap().irq_handler_clear()?;
    handler.absolute_cptr().delete()
}

#[test]
fn an_interrupt_has_one_handler(env: &mut Env) -> Result<()> {
    let (first, second) =
        (env.alloc_slot::<cap_type::IrqHandler>(), env.alloc_slot::<cap_type::IrqHandler>());
    issue_irq(arch::FREE, &first.absolute_cptr())?;
    let error = issue_irq(arch::FREE, &second.absolute_cptr()).expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::RevokeFirst);
    let error = issue_irq(arch::NO_INTERRUPT, &second.absolute_cptr()).expect_err("there is no such");
    assert!(matches!(error.kind(), ErrorKind::RangeError { min: arch::FIRST_INTERRUPT, .. }), "{error}");
    first.absolute_cptr().delete()?;
    issue_irq(arch::FREE, &second.absolute_cptr())?;
    second.absolute_cptr().delete()
}

#[test(should_error = "IRQHandler_SetNotification: InvalidCapability")]
fn a_handler_signals_notifications_only(env: &mut Env) -> Result<()> {
    let handler = env.alloc_slot::<cap_type::IrqHandler>();
    issue_irq(arch::DEVICE, &handler.absolute_cptr())?;
    let result =
        handler.cap().irq_handler_set_notification(cap::Notification::from_bits(slot::TCB.cptr().bits()));
    handler.absolute_cptr().delete()?;
    result
}
