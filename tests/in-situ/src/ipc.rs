//! Messages between threads.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use sel4::init_thread::{Slot, slot};
use sel4::{CapRights, IpcBuffer, MSG_MAX_LENGTH, MessageInfo, ObjectBlueprint, Result, Word, cap, cap_type};
use sel4_test_harness::{Env, test};

/// An endpoint, and a capability to send to it with this badge.
pub fn channel(env: &mut Env, rights: CapRights, badge: Word) -> Result<(cap::Endpoint, cap::Endpoint)> {
    let endpoint: cap::Endpoint = env.alloc_object(&ObjectBlueprint::Endpoint)?;
    let client = env.alloc_slot::<cap_type::Endpoint>();
    client.absolute_cptr().mint(&slot::CNODE.cap().absolute_cptr(endpoint), rights, badge)?;
    Ok((endpoint, client.cap()))
}

const SEND: CapRights = CapRights::new(true, false, true);

const fn message(label: Word, length: usize) -> MessageInfo {
    MessageInfo::new(label, 0, 0, length)
}

/// Answers each message with its words doubled, its label plus 1, and the badge as the last word.
extern "C" fn doubling_server(endpoint: Word, _: Word) -> ! {
    let endpoint = cap::Endpoint::from_bits(endpoint);
    let mut request = endpoint.recv_with_mrs();
    loop {
        let [a, b, c, _] = request.msg;
        let length = request.info.length();
        let answer = [a.wrapping_mul(2), b.wrapping_mul(2), c.wrapping_mul(2), request.badge];
        let info = message(request.info.label() + 1, if length == 0 { 0 } else { 4 });
        request = endpoint.reply_recv_with_mrs(info, answer);
    }
}

#[test]
fn a_call_is_answered(env: &mut Env) -> Result<()> {
    let (endpoint, client) = channel(env, SEND, 0x0bad_9ee0)?;
    // Above, at and below the test's own priority.
    for (priority, label) in [(200, 10), (100, 0), (50, 0xf_fff0)] {
        let server = env.spawn(doubling_server, [endpoint.bits(), 0], priority, env.fault_endpoint())?;
        let answer = client.call_with_mrs(message(label, 3), [1, u64::MAX, 1 << 62]);
        assert_eq!((answer.info.label(), answer.info.length()), (label + 1, 4));
        assert_eq!(answer.msg, [2, u64::MAX - 1, 1 << 63, 0x0bad_9ee0]);
        assert_eq!(client.call_with_mrs(message(label, 0), []).info, message(label + 1, 0));
        server.tcb_suspend()?;
    }
    Ok(())
}

#[test(should_hang, budget_ms = 300)]
fn a_call_without_grant_is_never_answered(env: &mut Env) {
    let (endpoint, client) = channel(env, CapRights::write_only(), 1).expect("a channel");
    env.spawn(doubling_server, [endpoint.bits(), 0], 200, env.fault_endpoint()).expect("a thread");
    client.call_with_mrs(message(0, 0), []);
}

extern "C" fn sender(endpoint: Word, word: Word) -> ! {
    let endpoint = cap::Endpoint::from_bits(endpoint);
    loop {
        endpoint.send_with_mrs(message(7, 1), [word]);
    }
}

#[test]
fn sends_wait_for_their_receiver(env: &mut Env) -> Result<()> {
    let (endpoint, client) = channel(env, SEND, 3)?;
    env.spawn(sender, [client.bits(), 42], 200, env.fault_endpoint())?;
    env.spawn(sender, [client.bits(), 43], 200, env.fault_endpoint())?;
    for expected in [42, 43, 42, 43] {
        let received = endpoint.recv_with_mrs();
        assert_eq!((received.badge, received.info, received.msg[0]), (3, message(7, 1), expected));
    }
    assert_eq!(endpoint.nb_recv_with_mrs().msg[0], 42);
    Ok(())
}

#[test]
fn nothing_there_is_badge_0(env: &mut Env) -> Result<()> {
    let (endpoint, client) = channel(env, SEND, 3)?;
    client.nb_send_with_mrs(message(1, 1), [1]);
    assert_eq!(endpoint.nb_recv_with_mrs().badge, 0, "a message without a receiver is lost");
    Ok(())
}

/// Takes the callers' capabilities away from where they would be overwritten, and answers the first one last.
extern "C" fn patient_server(endpoint: Word, saved: Word) -> ! {
    // No invocations here: this thread has no IPC buffer. The test saves the caller for it.
    let (endpoint, saved) = (cap::Endpoint::from_bits(endpoint), cap::Endpoint::from_bits(saved));
    loop {
        endpoint.call_with_mrs(message(1, 0), []);
        saved.send_with_mrs(message(2, 0), []);
    }
}

#[test]
fn an_answer_can_wait(env: &mut Env) -> Result<()> {
    let (endpoint, client) = channel(env, SEND, 1)?;
    let unused = env.alloc_slot::<cap_type::Null>();
    env.spawn(patient_server, [client.bits(), unused.cptr().bits()], 200, env.fault_endpoint())?;
    env.spawn(patient_server, [client.bits(), unused.cptr().bits()], 200, env.fault_endpoint())?;
    let saved = env.alloc_slot::<cap_type::Reply>();
    assert_eq!(endpoint.recv_with_mrs().info.label(), 1);
    saved.absolute_cptr().save_caller()?;
    assert_eq!(endpoint.recv_with_mrs().info.label(), 1);
    sel4::reply_with_mrs(message(0, 0), []);
    saved.cap().send_with_mrs(message(0, 0), []);
    Ok(())
}

#[repr(C, align(4096))]
struct BufferPage(UnsafeCell<MaybeUninit<[IpcBuffer; 4]>>);

// SAFETY: one thread of one test uses it, by its address.
unsafe impl Sync for BufferPage {}

static BUFFER: BufferPage = BufferPage(UnsafeCell::new(MaybeUninit::uninit()));

/// Sends back the last word that came, in each word, and the first capability.
extern "C" fn echo_with_buffer(endpoint: Word, own: Word) -> ! {
    let endpoint = cap::Endpoint::from_bits(endpoint);
    // SAFETY: the page is this thread's own IPC buffer, which the kernel changes in system calls only.
    let buffer = unsafe { &mut *BUFFER.0.get().cast::<IpcBuffer>() };
    let received = endpoint.recv_with_mrs();
    buffer.inner_mut().expose();
    let last = buffer.msg_regs()[received.info.length() - 1];
    buffer.msg_regs_mut().fill(last);
    buffer.caps_or_badges_mut()[0] = own;
    buffer.inner_mut().expose();
    endpoint.reply_recv_with_mrs(MessageInfo::new(0, 0, 1, MSG_MAX_LENGTH), [last; 4]);
    sel4::abort()
}

#[test]
fn long_messages_and_capabilities_go_through_the_buffer(env: &mut Env) -> Result<()> {
    let (endpoint, client) = channel(env, SEND, 1)?;
    let notification: cap::Notification = env.alloc_object(&ObjectBlueprint::Notification)?;
    let arguments = [endpoint.bits(), notification.bits()];
    let server = env.spawn(echo_with_buffer, arguments, 50, env.fault_endpoint())?;
    let page = BUFFER.0.get().addr();
    server.tcb_set_ipc_buffer(page as Word, sel4_root_task::image_frame(&env.bootinfo(), page)?.cap())?;
    let received = env.alloc_slot::<cap_type::Notification>();
    sel4::with_ipc_buffer_mut(|buffer| {
        buffer.msg_regs_mut().fill(0);
        buffer.msg_regs_mut()[MSG_MAX_LENGTH - 1] = 0xcafe;
        buffer.set_recv_slot(&received.absolute_cptr());
    });
    let answer = client.call(message(0, MSG_MAX_LENGTH));
    assert_eq!((answer.length(), answer.extra_caps(), answer.caps_unwrapped()), (MSG_MAX_LENGTH, 1, 0));
    sel4::with_ipc_buffer(|buffer| assert!(buffer.msg_regs().iter().all(|word| *word == 0xcafe)));
    received.cap().signal();
    assert_ne!(received, Slot::from_index(notification.bits() as usize));
    // An unbadged capability sets no bits, but the word counts as signalled: waiting returns at once.
    assert_eq!(notification.wait(), 0);
    Ok(())
}
