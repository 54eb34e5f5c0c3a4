//! Threads: registers, priorities, IPC buffers.

use sel4::init_thread::slot;
use sel4::{ErrorKind, ObjectBlueprint, Result, UserContext, Word, cap};
use sel4_test_harness::{Env, test};

use crate::arch;
use crate::notifications::with_badges;
use crate::vspace::frame;

extern "C" fn signal_and_stop(signal: Word, _: Word) -> ! {
    cap::Notification::from_bits(signal).signal();
    loop {
        sel4::yield_now();
    }
}

#[test]
fn registers_are_what_was_written(env: &mut Env) -> Result<()> {
    let tcb: cap::Tcb = env.alloc_object(&ObjectBlueprint::Tcb)?;
    let mut context = UserContext::for_call(0x1000, 0x2000, &[1, 2, 3, 4, 5, 6]);
    *arch::last_register(&mut context) = u64::MAX;
    tcb.tcb_write_all_registers(false, &context)?;
    let mut read = tcb.tcb_read_all_registers(false)?;
    assert_eq!((read.pc(), read.sp()), (0x1000, 0x2000 - arch::ABOVE_STACK));
    assert_eq!(*arch::last_register(&mut read), u64::MAX);
    for (name, expected) in arch::ARGUMENTS.into_iter().zip(1..) {
        assert!(read.registers().contains(&(name, expected)), "{name}: {read:?}");
    }
    Ok(())
}

#[test]
fn a_higher_priority_runs_first(env: &mut Env) -> Result<()> {
    let (notification, [signaller]) = with_badges(env, [1])?;
    env.spawn(signal_and_stop, [signaller.bits(), 0], 50, env.fault_endpoint())?;
    assert_eq!(notification.poll(), 0, "a lower priority waits");
    let thread = env.spawn(signal_and_stop, [signaller.bits(), 0], 50, env.fault_endpoint())?;
    thread.tcb_set_priority(50)?;
    assert_eq!(notification.wait(), 1);
    Ok(())
}

#[test]
fn a_priority_has_a_limit(env: &mut Env) -> Result<()> {
    let tcb: cap::Tcb = env.alloc_object(&ObjectBlueprint::Tcb)?;
    tcb.tcb_set_mc_priority(254)?;
    tcb.tcb_set_priority(254)?;
    // A test's own limit is 254.
    assert!(tcb.tcb_set_priority(255).is_err());
    assert!(tcb.tcb_set_mc_priority(255).is_err());
    Ok(())
}

/// seL4 5.0.0 checks 512 only, and a buffer in a page's last 512 bytes would reach into the next frame: the
/// bindings' type rules that out.
#[test]
fn ipc_buffers_are_aligned(env: &mut Env) -> Result<()> {
    const { assert!(align_of::<sel4::IpcBuffer>() == 1024) };
    let tcb: cap::Tcb = env.alloc_object(&ObjectBlueprint::Tcb)?;
    let page = frame(env)?;
    tcb.tcb_set_ipc_buffer(0x1000 + 1024, page)?;
    let error = tcb.tcb_set_ipc_buffer(0x1000 + 256, page).expect_err("not aligned");
    assert_eq!(error.kind(), ErrorKind::AlignmentError);
    Ok(())
}

#[test(should_error = "TCB_SetIPCBuffer: IllegalOperation")]
fn an_ipc_buffer_is_a_frame(env: &mut Env) -> Result<()> {
    let tcb: cap::Tcb = env.alloc_object(&ObjectBlueprint::Tcb)?;
    tcb.tcb_set_ipc_buffer(0x1000, slot::CNODE.cap().cast())
}

#[test(should_error = "TCB_Resume: InvalidCapability: capability 0")]
fn an_empty_slot_is_an_error_and_no_fault(env: &mut Env) -> Result<()> {
    env.alloc_slot().cap().tcb_resume()
}

#[inline(never)]
fn overflow(depth: Word) -> Word {
    let block = core::hint::black_box([depth; 64]);
    if depth == 0 { block[1] } else { overflow(depth - 1) + block[0] }
}

#[test(should_fault = "VmFault")]
fn a_stack_that_overflows_faults(_: &mut Env) {
    core::hint::black_box(overflow(1_000_000));
}
