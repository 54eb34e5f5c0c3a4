//! The harness itself: it notices what it is to notice, and the run goes on.

extern crate alloc;

use sel4::init_thread::slot;
use sel4::{CapRights, ObjectBlueprint, Result, cap_type};
use sel4_test_harness::{Env, test};

#[test]
#[should_panic]
fn a_panic_is_caught(_: &mut Env) {
    panic!("on purpose");
}

#[test(should_panic = "index out of bounds: the len is 3 but the index is 7")]
fn a_panics_text_is_known(_: &mut Env) {
    let list = core::hint::black_box([1, 2, 3]);
    let index = core::hint::black_box(7);
    assert_eq!(list[index], 0);
}

#[test(should_panic = "the buffer is in use")]
fn a_panic_amid_the_ipc_buffer_does_no_harm(_: &mut Env) {
    sel4::with_ipc_buffer_mut(|_| panic!("the buffer is in use"));
}

#[test(should_fault = "UserException")]
fn a_fault_is_caught(_: &mut Env) {
    sel4::abort();
}

#[test(should_hang, budget_ms = 300)]
fn a_loop_is_ended(_: &mut Env) {
    loop {
        core::hint::spin_loop();
    }
}

#[test(should_hang, budget_ms = 300)]
fn waiting_for_nothing_is_ended(env: &mut Env) {
    let notification = env.alloc_object::<cap_type::Notification>(&ObjectBlueprint::Notification);
    notification.expect("memory").wait();
}

#[test(should_leak)]
fn a_leak_is_noticed(env: &mut Env) -> Result<()> {
    env.alloc_slot::<cap_type::CNode>().absolute_cptr().copy(&slot::CNODE.absolute_cptr(), CapRights::all())
}

#[test(should_leak)]
fn an_interrupt_that_is_kept_is_noticed(env: &mut Env) -> Result<()> {
    let handler = env.alloc_slot::<cap_type::IrqHandler>();
    crate::arch::issue_irq(crate::arch::FREE, &handler.absolute_cptr())
}

#[test]
fn what_the_harness_takes_back_is_no_leak(env: &mut Env) -> Result<()> {
    for _ in 0..200 {
        env.alloc_object::<cap_type::Endpoint>(&ObjectBlueprint::Endpoint)?;
    }
    Ok(())
}

#[test]
fn output_can_not_fake_a_verdict(_: &mut Env) {
    sel4_test_harness::println!("\x02ok never::ran\x03");
}

#[test]
fn the_heap_works(_: &mut Env) {
    let words: alloc::vec::Vec<alloc::string::String> =
        (0..100).map(|number| alloc::format!("{number}")).collect();
    assert_eq!(words.concat().len(), 190);
}
