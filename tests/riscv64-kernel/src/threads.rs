//! Preemption and IPC.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sel4::Word;
use sel4::sys::{invocation_label as label, syscall_id};
use sel4_root_task::Stack;

use crate::agent::{registers_entry, reserve_entry};
use crate::kernel::{self, call, enter, now, spin_us, word, yield_now};
use crate::report::{check as checked, line};
use crate::task::{Task, VSPACE, delete, register, suspend};

static STACKS: [Stack<4096>; 2] = [const { Stack::new() }; 2];
static COUNT: AtomicU64 = AtomicU64::new(0);

extern "C" fn count() -> ! {
    loop {
        COUNT.fetch_add(1, Relaxed);
    }
}

/// Answers with arithmetic on what it was sent.
extern "C" fn serve(endpoint: Word) -> ! {
    let mut request = kernel::receive(endpoint);
    loop {
        let [a, b, c, d] = request.words;
        request = enter(syscall_id::ReplyRecv, endpoint, 4, [a + 1, b ^ c, d, request.badge]);
    }
}

fn stack(index: usize) -> Word {
    STACKS[index].top().addr() as Word
}

/// A thread that counts: see [`counted`]. Runs until it is suspended.
pub fn counter(task: &mut Task) -> Word {
    let registers = [(register::PC, count as *const () as Word), (register::SP, stack(0))];
    task.thread(VSPACE, 0, 255, &registers)
}

/// How far the counter is.
pub fn counted() -> Word {
    COUNT.load(Relaxed)
}

/// Checks all of this.
pub fn check(task: &mut Task) {
    preemption(task);
    registers(task);
    reservations(task);
    messages(task);
}

fn preemption(task: &mut Task) {
    let tcb = counter(task);
    let (mut turns, mut last, start) = (0, counted(), now());
    while turns < 50 {
        let now = counted();
        turns += u64::from(now != last);
        last = now;
    }
    line(format_args!("note 50 turns took {} us", (now() - start) / 10));
    checked("suspend", suspend(tcb), 0);
    let before = counted();
    spin_us(50_000);
    checked("a suspended thread stands still", counted() - before, 0);
}

fn registers(task: &mut Task) {
    static ROUNDS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
    let threads = [0, 1].map(|i: usize| {
        let counter = ROUNDS[i].as_ptr() as Word;
        task.thread(VSPACE, 0, 255, &[(register::PC, registers_entry()), (register::A0, counter)])
    });
    (0..30).for_each(|_| yield_now());
    let good = ROUNDS.each_ref().map(|rounds| (1000..u64::MAX).contains(&rounds.load(Relaxed)));
    checked("registers survive preemption", good, [true; 2]);
    let read = kernel::invoke(threads[0], label::TCBReadRegisters, &[], &[1, register::COUNT as Word]);
    checked("read registers: length", read.length, register::COUNT as Word);
    checked("read registers: s0 is x8", word(register::S0), 0x123_4508);
    checked("suspend both", threads.map(suspend), [0; 2]);
}

/// Two threads increment one word by lr and sc, and count how often: were a reservation to outlive a switch, one's sc
/// would undo the other's increments. (QEMU ends reservations at each change of mode, `target/riscv/cpu_helper.c`: there the
/// kernel's own way of ending them can't be seen to be missing.)
fn reservations(task: &mut Task) {
    static SHARED: AtomicU64 = AtomicU64::new(0);
    static OWN: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
    let threads = [0, 1].map(|i: usize| {
        let registers = [
            (register::PC, reserve_entry()),
            (register::A0, SHARED.as_ptr() as Word),
            (register::A0 + 1, OWN[i].as_ptr() as Word),
        ];
        task.thread(VSPACE, 0, 255, &registers)
    });
    (0..60).for_each(|_| yield_now());
    checked("suspend both", threads.map(suspend), [0; 2]);
    let sum: u64 = OWN.iter().map(|own| own.load(Relaxed)).sum();
    // A thread that was suspended between its sc and its count has counted one less.
    checked(
        "no increment by lr and sc is lost",
        (sum > 1000, SHARED.load(Relaxed).wrapping_sub(sum) <= 2),
        (true, true),
    );
}

fn messages(task: &mut Task) {
    const CALLS: u64 = 20_000;
    let endpoint = task.endpoint();
    let registers =
        [(register::PC, serve as *const () as Word), (register::SP, stack(1)), (register::A0, endpoint)];
    let server = task.thread(VSPACE, 0, 255, &registers);
    let answer = call(endpoint, 4, [41, 0xf0, 0x0f, 7]);
    checked("a call's answer", (answer.words, answer.length), ([42, 0xff, 7, 0], 4));
    let (mut value, start) = (0, now());
    for _ in 0..CALLS {
        value = call(endpoint, 1, [value, 0, 0, 0]).words[0];
    }
    checked("many calls", value, CALLS);
    line(format_args!("note a call took {} ns", (now() - start) * 100 / CALLS));
    checked("delete the server", delete(server), 0);
}
