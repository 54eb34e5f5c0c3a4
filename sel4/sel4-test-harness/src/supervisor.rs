//! The root task's first thread: it starts each test, waits for its end, and cleans up after it.

use core::ops::Range;

use sel4::init_thread::{Slot, slot};
use sel4::{
    AbsoluteCPtr, Badge, BootInfo, BootInfoPtr, CapRights, Error, ErrorKind, IpcBufferState, MessageInfo,
    ObjectBlueprint, Result, Word, cap, cap_type, swap_ipc_buffer, with_ipc_buffer_mut,
};

use crate::arch::{HZ, Ticker};
use crate::case::{self, TestCase, judge};
use crate::thread::{self, Outcome};
use crate::{Env, env, report};

/// The binary logarithm of a test's memory.
const TEST_BITS: usize = 20;
/// Of a thread's.
const THREAD_BITS: usize = 12;
/// A test's slots.
const TEST_SLOTS: usize = 256;

/// Badges that the supervisor sees.
const FAULT: Badge = 1;
const REPORT: Badge = 2;
const TICK: Badge = 1 << 16;

/// Runs all tests; returns whether all passed.
pub fn run(bootinfo: &BootInfoPtr) -> Result<bool> {
    let supervisor = Supervisor::new(bootinfo.get())?;
    let count = case::all().len();
    report::frame(format_args!("tests {count}"));
    let (mut passed, mut failed, mut name) = (0, 0, "");
    while let Some(case) = case::next_after(name) {
        name = case.name;
        report::frame(format_args!("begin {name}"));
        if supervisor.run(case)? {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    report::frame(format_args!("end {passed} {failed}"));
    // A linker that dropped the tests must not look like success.
    Ok(failed == 0 && passed > 0)
}

/// What the supervisor made for itself.
struct Supervisor {
    bootinfo: BootInfo<'static>,
    /// Memory of a test, and of its thread.
    memory: Slot<cap_type::Untyped>,
    thread_memory: Slot<cap_type::Untyped>,
    tcb: Slot<cap_type::Tcb>,
    endpoint: Slot<cap_type::Endpoint>,
    faults: Slot<cap_type::Endpoint>,
    reports: Slot<cap_type::Endpoint>,
    ticker: Ticker,
    test_slots: Range<usize>,
}

impl Supervisor {
    fn new(bootinfo: BootInfo<'static>) -> Result<Self> {
        thread::prepare(bootinfo)?;
        env::prepare(bootinfo)?;
        let mut empty = bootinfo.empty().range();
        let own = empty.by_ref().take(16).collect_slots();
        let [memory, thread_memory, tcb, endpoint, faults, reports, notification, ticks, handler, ..] = own;
        let source = find_memory(bootinfo)?;
        let make = |blueprint: ObjectBlueprint, slot: Slot| {
            source.untyped_retype(&blueprint, &slot::CNODE.cap().absolute_self(), slot.index(), 1)
        };
        make(ObjectBlueprint::Untyped { size_bits: TEST_BITS }, memory)?;
        make(ObjectBlueprint::Untyped { size_bits: THREAD_BITS }, thread_memory)?;
        make(ObjectBlueprint::Endpoint, endpoint)?;
        make(ObjectBlueprint::Notification, notification)?;
        let send = CapRights::new(true, false, true);
        faults.absolute_cptr().mint(&endpoint.absolute_cptr(), send, FAULT)?;
        reports.absolute_cptr().mint(&endpoint.absolute_cptr(), send, REPORT)?;
        ticks.absolute_cptr().mint(&notification.absolute_cptr(), CapRights::all(), TICK)?;
        slot::TCB.cap().tcb_bind_notification(notification.cap().cast())?;
        let ticker = Ticker::start(bootinfo, handler.cast(), ticks.cap().cast())?;
        let test_slots = empty.start..empty.start + TEST_SLOTS;
        let (memory, thread_memory, tcb) = (memory.cast(), thread_memory.cast(), tcb.cast());
        let (endpoint, faults, reports) = (endpoint.cast(), faults.cast(), reports.cast());
        Ok(Self { bootinfo, memory, thread_memory, tcb, endpoint, faults, reports, ticker, test_slots })
    }

    /// Runs one test and prints the verdict; returns whether it passed.
    fn run(&self, case: &'static TestCase) -> Result<bool> {
        report::forget();
        let mut env = Env::new(self.bootinfo, self.memory.cap(), self.test_slots.clone(), self.faults.cptr());
        let root = slot::CNODE.cap().absolute_self();
        self.thread_memory.cap().untyped_retype(&ObjectBlueprint::Tcb, &root, self.tcb.index(), 1)?;
        let channels = (self.faults.cptr(), self.reports.cap());
        thread::start(self.bootinfo, self.tcb.cap(), channels, case, &mut env)?;
        let outcome = self.wait(case.budget_ms)?;
        self.thread_memory.absolute_cptr().revoke()?;
        sel4_panicking::recover();
        let leaks = self.clean_up()?;
        let verdict = judge(case.expect, &outcome, leaks);
        match (&verdict, &outcome) {
            (Ok(()), _) => report::frame(format_args!("ok {}", case.name)),
            (Err(reason), Outcome::Faulted(fault)) => {
                report::frame(format_args!("failed {}: {reason}: {fault}", case.name));
            }
            (Err(reason), _) => report::kept(|text| {
                report::frame(format_args!("failed {}: {reason} ({leaks} leaks): {text}", case.name));
            }),
        }
        Ok(verdict.is_ok())
    }

    /// Waits until the test ends or its time is over.
    fn wait(&self, budget_ms: u32) -> Result<Outcome> {
        // At least so long.
        let mut ticks_left = (budget_ms * HZ).div_ceil(1000) + 1;
        let mut buffer = IpcBufferState::new(thread::ipc_buffer());
        loop {
            // SAFETY: while this thread waits the test's runs, and the other way round.
            let own = unsafe { swap_ipc_buffer(buffer) };
            let message = self.endpoint.cap().recv_with_mrs();
            // SAFETY: as above.
            buffer = unsafe { swap_ipc_buffer(own) };
            if message.badge & TICK != 0 {
                self.ticker.acknowledge()?;
                ticks_left = ticks_left.saturating_sub(1);
                if ticks_left == 0 {
                    thread::stopped();
                    return Ok(Outcome::Hung);
                }
            } else if let Some(outcome) = read(message.info, message.badge == FAULT, &message.msg) {
                thread::stopped();
                return Ok(outcome);
            }
        }
    }

    /// Takes everything back from a test, and counts the slots that are then not empty.
    fn clean_up(&self) -> Result<usize> {
        self.memory.absolute_cptr().revoke()?;
        let mut leaks = 0;
        for index in self.test_slots.clone() {
            let slot = Slot::<cap_type::Unspecified>::from_index(index).absolute_cptr();
            if !is_empty(&slot) {
                leaks += 1;
                slot.delete()?;
            }
        }
        // The memory is whole again if it can be had in one piece.
        let first = Slot::<cap_type::Untyped>::from_index(self.test_slots.start);
        let whole = ObjectBlueprint::Untyped { size_bits: TEST_BITS };
        self.memory.cap().untyped_retype(&whole, &slot::CNODE.cap().absolute_self(), first.index(), 1)?;
        first.absolute_cptr().delete()?;
        Ok(leaks)
    }
}

/// What a message to the supervisor means. Its first words came in registers, the rest is in the buffer.
fn read(info: MessageInfo, is_fault: bool, msg: &[Word]) -> Option<Outcome> {
    with_ipc_buffer_mut(|buffer| {
        let words = buffer.msg_regs_mut();
        words[..msg.len()].copy_from_slice(msg);
        thread::outcome(info, is_fault, words)
    })
}

/// The kernel refuses to move a slot to itself: because it is not empty, or because there is nothing to move.
fn is_empty(slot: &AbsoluteCPtr) -> bool {
    slot.move_(slot).is_err_and(|error| error.kind() != ErrorKind::DeleteFirst)
}

/// The smallest piece of memory that holds a test's and the supervisor's own objects.
fn find_memory(bootinfo: BootInfo) -> Result<cap::Untyped> {
    let list = bootinfo.untyped_list().iter().zip(bootinfo.untyped().iter());
    let fits = list.filter(|(memory, _)| !memory.is_device() && memory.size_bits() > TEST_BITS);
    let smallest = fits.min_by_key(|(memory, _)| memory.size_bits());
    let none = Error::new("find_memory", ErrorKind::NotEnoughMemory(0));
    smallest.map(|(_, slot)| slot.cap()).ok_or(none)
}

/// Slot numbers as slots.
trait CollectSlots {
    fn collect_slots(self) -> [Slot; 16];
}

impl<I: Iterator<Item = usize>> CollectSlots for I {
    fn collect_slots(mut self) -> [Slot; 16] {
        core::array::from_fn(|_| Slot::from_index(self.next().unwrap_or(0)))
    }
}
