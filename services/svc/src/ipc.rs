//! Calls, requests and signals.

use caps::Slot;
use report::counters::CALL_FAILED;
use sel4::{Badge, MessageInfo, RecvWithMrs, cap};

use crate::arch;

/// Signals' badges have bits from here on, badges of an endpoint end before. So a server that also waits for
/// signals can tell one from the other: the kernel says no more than the badge.
pub const FIRST_SIGNAL_BIT: u32 = sel4::ENDPOINT_BADGE_BITS;

/// A message of up to four words, a request or an answer. What it says is its sender's claim.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    info: u64,
    words: [u64; 4],
}

impl Message {
    /// What is asked, or how it went; 20 bits.
    #[inline(always)]
    pub const fn label(&self) -> u64 {
        self.info >> 12
    }

    /// Whether it is this label and no words.
    #[inline(always)]
    pub const fn is(&self, label: u64) -> bool {
        self.info == label << 12
    }

    /// The words; those that were not sent are 0.
    #[inline]
    pub fn words(&self) -> [u64; 4] {
        let sent = self.info & 0x7f;
        let mut words = self.words;
        for (word, index) in words.iter_mut().zip(0..) {
            if index >= sent {
                *word = 0; // Else it would be what the register held before.
            }
        }
        words
    }

    /// The first word of an answer that says, by its label 0, that all went well.
    #[inline]
    pub fn value(&self) -> Option<u64> {
        (self.label() == 0).then(|| self.words()[0])
    }

    #[inline(always)]
    pub(crate) const fn new(info: u64, words: [u64; 4]) -> Self {
        Self { info, words }
    }
}

/// The server died while it held the call. Whether it did what was asked is not known; it serves again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerRestarted;

/// Calls the server at `to` with a label of up to 20 bits and up to four words, and waits for its answer.
///
/// While it waits, a word in the page of counters says so: see `report::counters::PENDING_CALL`.
///
/// # Errors
/// The server died.
#[inline(always)]
pub fn call<const N: usize>(to: Slot, label: u64, words: [u64; N]) -> Result<Message, ServerRestarted> {
    const { assert!(N <= 4, "a message has four words at most") };
    let answer = arch::call(to, label << 12 | N as u64, words);
    if answer.label() == CALL_FAILED { Err(ServerRestarted) } else { Ok(answer) }
}

/// What woke a server up: a request, or signals.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Whose capability the request came through, or the bits that were signalled.
    pub badge: Badge,
    /// The request; meaningless with signals.
    pub message: Message,
}

impl Received {
    /// The bits of the server's own notification, if that is what woke it up.
    #[inline(always)]
    pub const fn signals(&self) -> Option<Badge> {
        if self.badge >> FIRST_SIGNAL_BIT != 0 { Some(self.badge) } else { None }
    }
}

impl From<RecvWithMrs> for Received {
    #[inline(always)]
    fn from(received: RecvWithMrs) -> Self {
        let message = Message::new(received.info.into_inner().0[0], received.msg);
        Self { badge: received.badge, message }
    }
}

/// The endpoint where a service receives requests, and signals if its notification is bound to its thread.
#[derive(Clone, Copy, Debug)]
pub struct Server(cap::Endpoint);

impl Server {
    /// The server on the endpoint at `requests`.
    pub const fn new(requests: Slot) -> Self {
        Self(cap::Endpoint::from_bits(requests.cptr()))
    }

    /// Waits for what comes next; at first, and after signals, which need no answer.
    #[inline(always)]
    pub fn recv(self) -> Received {
        self.0.recv_with_mrs().into()
    }

    /// Answers the request that came last, and waits for what comes next.
    #[inline(always)]
    pub fn reply_recv<const N: usize>(self, label: u64, words: [u64; N]) -> Received {
        self.0.reply_recv_with_mrs(MessageInfo::new(label, 0, 0, N), words).into()
    }
}

/// Calls `to` and looks at no answer: without a note of the pending Call, for a domain that has no page for it.
pub fn tell<const N: usize>(to: Slot, label: u64, words: [u64; N]) {
    let _ = cap::Endpoint::from_bits(to.cptr()).call_with_mrs(MessageInfo::new(label, 0, 0, N), words);
}

/// Waits for bits of the notification at `events`, and takes them.
#[inline]
pub fn wait(events: Slot) -> Badge {
    notification(events).wait()
}

/// Takes the bits of the notification at `events` that are set; 0 if none is.
#[inline]
pub fn poll(events: Slot) -> Badge {
    notification(events).poll()
}

/// Signals the notification at `to`.
#[inline]
pub fn signal(to: Slot) {
    notification(to).signal();
}

/// Lets other services of the same priority run, if any wants to.
#[inline]
pub fn yield_now() {
    sel4::yield_now();
}

const fn notification(slot: Slot) -> cap::Notification {
    cap::Notification::from_bits(slot.cptr())
}

/// Lets the interrupt at `irq` come again. To be done before the device is looked at: an edge that comes
/// between looking and this would be lost.
///
/// # Panics
/// There is no interrupt at `irq`: the table's check rules that out.
pub fn acknowledge(irq: Slot) {
    if let Err(error) = cap::IrqHandler::from_bits(irq.cptr()).irq_handler_ack() {
        panic!("interrupt in slot {}: {error}", irq.0);
    }
}
