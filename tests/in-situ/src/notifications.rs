//! Signals.

use sel4::init_thread::slot;
use sel4::{CapRights, ObjectBlueprint, Result, Word, cap, cap_type};
use sel4_test_harness::{Env, test};

/// A notification, and capabilities that signal these bits.
pub fn with_badges<const N: usize>(
    env: &mut Env,
    badges: [Word; N],
) -> Result<(cap::Notification, [cap::Notification; N])> {
    let notification: cap::Notification = env.alloc_object(&ObjectBlueprint::Notification)?;
    let mut signallers = [notification; N];
    for (signaller, badge) in signallers.iter_mut().zip(badges) {
        let target = env.alloc_slot::<cap_type::Notification>();
        target.absolute_cptr().mint(
            &slot::CNODE.cap().absolute_cptr(notification),
            CapRights::write_only(),
            badge,
        )?;
        *signaller = target.cap();
    }
    Ok((notification, signallers))
}

#[test]
fn bits_add_up_and_are_taken_at_once(env: &mut Env) -> Result<()> {
    let (notification, [one, four, high]) = with_badges(env, [1, 4, 1 << 63])?;
    one.signal();
    four.signal();
    one.signal();
    high.signal();
    assert_eq!(notification.poll(), 1 | 4 | 1 << 63);
    assert_eq!(notification.poll(), 0);
    four.signal();
    assert_eq!(notification.wait(), 4);
    Ok(())
}

extern "C" fn answer_signals(wait: Word, signal: Word) -> ! {
    let (wait, signal) = (cap::Notification::from_bits(wait), cap::Notification::from_bits(signal));
    loop {
        wait.wait();
        signal.signal();
    }
}

#[test]
fn a_signal_wakes_the_waiting(env: &mut Env) -> Result<()> {
    let (ping, [to_ping]) = with_badges(env, [1])?;
    let (pong, [to_pong]) = with_badges(env, [2])?;
    for priority in [200, 50] {
        let thread =
            env.spawn(answer_signals, [ping.bits(), to_pong.bits()], priority, env.fault_endpoint())?;
        for _ in 0..5 {
            to_ping.signal();
            assert_eq!(pong.wait(), 2);
        }
        thread.tcb_suspend()?;
    }
    Ok(())
}

extern "C" fn wait_for_message(endpoint: Word, signal: Word) -> ! {
    loop {
        let received = cap::Endpoint::from_bits(endpoint).recv_with_mrs();
        if received.badge == 0x80 {
            cap::Notification::from_bits(signal).signal();
        }
    }
}

#[test]
fn a_bound_notification_arrives_at_the_endpoint(env: &mut Env) -> Result<()> {
    let (bound, [signaller]) = with_badges(env, [0x80])?;
    let (done, [to_done]) = with_badges(env, [1])?;
    let endpoint: cap::Endpoint = env.alloc_object(&ObjectBlueprint::Endpoint)?;
    let thread = env.spawn(wait_for_message, [endpoint.bits(), to_done.bits()], 200, env.fault_endpoint())?;
    thread.tcb_bind_notification(bound)?;
    signaller.signal();
    // The thread already waited when it was bound: the signal stays until it waits anew, or arrives now.
    assert_eq!(done.wait(), 1);
    thread.tcb_unbind_notification()?;
    signaller.signal();
    assert_eq!((done.poll(), bound.poll()), (0, 0x80));
    Ok(())
}

#[test(should_error = "TCB_BindNotification")]
fn a_notification_is_bound_once(env: &mut Env) -> Result<()> {
    let notification: cap::Notification = env.alloc_object(&ObjectBlueprint::Notification)?;
    let first: cap::Tcb = env.alloc_object(&ObjectBlueprint::Tcb)?;
    let second: cap::Tcb = env.alloc_object(&ObjectBlueprint::Tcb)?;
    first.tcb_bind_notification(notification)?;
    second.tcb_bind_notification(notification)
}
