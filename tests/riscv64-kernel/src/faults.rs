//! Faults other than those of memory, and faults that are repaired.

use sel4::Word;

use crate::agent::{Op, UNKNOWN_SYSCALL, USER_EXCEPTION, VM_FAULT};
use crate::agent::{agent_code, function_code};
use crate::kernel::{EXECUTE, READ_WRITE, map, reply, word};
use crate::report::check as checked;
use crate::task::Task;
use crate::vspace::{SPARE, Space, peek_unaligned};

/// Checks all of this.
pub fn check(_: &mut Task, space: &Space) {
    exceptions(space);
    breakpoint(space);
    unknown_syscall(space);
    demand_paging(space);
}

fn exceptions(space: &Space) {
    /// scause: illegal instruction.
    const ILLEGAL: Word = 2;
    let agent = &space.agent;
    for (what, op) in [
        ("an illegal instruction", Op::Illegal),
        ("floating point is off", Op::Float),
        ("sstatus can't be read", Op::Supervisor),
    ] {
        let answer = agent.ask(op, 0, 0);
        let [_, _, number, code] = answer.words;
        checked(what, (answer.label, number, code), (USER_EXCEPTION, ILLEGAL, 0));
        agent.restart();
    }
}

fn breakpoint(space: &Space) {
    let agent = &space.agent;
    let answer = agent.ask(Op::Breakpoint, 0, 0);
    let [ip, sp, number, _] = answer.words;
    checked("a breakpoint", (answer.label, number), (USER_EXCEPTION, 3));
    // Stepped over by an answer with the next instruction's address; ebreak has a form of two bytes.
    let instruction = peek_unaligned(agent_code().0 + ip.wrapping_sub(agent.entry).min(0x100));
    let length = if instruction & 3 == 3 { 4 } else { 2 };
    reply(2, [ip + length, sp, 0, 0]);
    checked("it is stepped over", agent.result().words[0], 88);
}

fn unknown_syscall(space: &Space) {
    const NUMBER: Word = -99i64 as Word;
    const ECALL_BYTES: Word = 4;
    let agent = &space.agent;
    let answer = agent.ask(Op::UnknownSyscall, 0, 0);
    let number = word(sel4::sys::seL4_UnknownSyscall_Syscall as usize);
    checked("an unknown system call", (answer.label, answer.length, number), (UNKNOWN_SYSCALL, 11, NUMBER));
    let [ip, sp, ra, a0] = answer.words;
    checked("its argument", a0, 0x55);
    reply(4, [ip + ECALL_BYTES, sp, ra, 0x99]);
    checked("it gets an answer", agent.result().words[0], 0x99);
}

fn demand_paging(space: &Space) {
    let answer = space.agent.ask(Op::Read, SPARE, 0);
    checked("demand paging: the fault", (answer.label, answer.words[1]), (VM_FAULT, SPARE));
    checked("demand paging: map", map(space.function, space.root, SPARE, READ_WRITE, EXECUTE), 0);
    reply(0, [0; 4]);
    let expected = peek_unaligned(function_code().0);
    checked("demand paging: the load ends", space.agent.result().words[0], expected);
}
