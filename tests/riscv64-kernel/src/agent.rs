//! A thread in an address space of its own that does as it is told, and what else runs beside the task.

use core::arch::global_asm;

use sel4::Word;

use crate::kernel::{Answer, receive, send};
use crate::report::{check, line};
use crate::task::{Task, pause, register, start};

global_asm!(
    // s0: where commands arrive, s1: where results go; a2 of a command is an Op, a3 an address, a4 a value.
    ".balign 4",
    "AGENT:",
    "1: mv a0, s0",
    "li a7, {receive}",
    "ecall",
    "beqz a2, 2f",
    "addi a2, a2, -1",
    "beqz a2, 3f",
    "addi a2, a2, -1",
    "beqz a2, 4f",
    "addi a2, a2, -1",
    "beqz a2, 6f",
    "addi a2, a2, -1",
    "beqz a2, 7f",
    "addi a2, a2, -1",
    "beqz a2, 8f",
    "addi a2, a2, -1",
    "beqz a2, 9f",
    "csrr a2, sstatus",
    "j 5f",
    "2: ld a2, 0(a3)",
    "j 5f",
    "3: sd a4, 0(a3)",
    "li a2, 0",
    "j 5f",
    "4: fence.i",
    "jalr a3",
    "j 5f",
    "6: .word 0",
    "j 5f",
    "7: li a7, -99",
    "li a0, 0x55",
    "ecall",
    "mv a2, a0",
    "j 5f",
    "8: ebreak",
    "li a2, 88",
    "j 5f",
    // fmv.d.x f0, x0
    "9: .word 0xf2000053",
    "5: mv a0, s1",
    "li a1, 1",
    "li a7, {send}",
    "ecall",
    "j 1b",
    "AGENT_END:",
    // Gives 77.
    ".balign 4",
    "FUNCTION: li a2, 77",
    "ret",
    ".space 8",
    "FUNCTION_END:",
    // Claims the page at s0 with its number s1, and counts while it still finds that; else it faults. If s2, it yields.
    ".balign 4",
    "SPIN:",
    "sd s1, 0(s0)",
    "1: ld t0, 0(s0)",
    "bne t0, s1, 2f",
    "ld t0, 8(s0)",
    "addi t0, t0, 1",
    "sd t0, 8(s0)",
    "beqz s2, 1b",
    "li a7, {yield}",
    "ecall",
    "j 1b",
    "2: sd t0, 16(s0)",
    "ebreak",
    "SPIN_END:",
    // Keeps a value in every register, a0 being the counter of its rounds; writes -1 when one is another.
    ".balign 4",
    "REGISTERS:",
    "mv x4, a0",
    ".irp n, 1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
    "li x\\n, 0x1234500 + \\n",
    ".endr",
    "1:",
    ".irp n, 1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
    "li x31, 0x1234500 + \\n",
    "bne x31, x\\n, 2f",
    ".endr",
    "ld x31, 0(x4)",
    "addi x31, x31, 1",
    "sd x31, 0(x4)",
    "j 1b",
    "2: li x31, -1",
    "sd x31, 0(x4)",
    "3: j 3b",
    // Takes the word at a0 by lr and gives it back by sc without end; counts at 8(a0) the successful ones.
    ".balign 4",
    "RESERVE:",
    "1: lr.d t0, (a0)",
    "addi t0, t0, 1",
    // QEMU looks for interrupts at jumps: so that one falls between the two now and then.
    ".rept 4",
    "j 2f",
    "2:",
    ".endr",
    "sc.d t1, t0, (a0)",
    "bnez t1, 1b",
    "ld t1, 0(a1)",
    "addi t1, t1, 1",
    "sd t1, 0(a1)",
    "j 1b",
    receive = const sel4::sys::syscall_id::Recv,
    send = const sel4::sys::syscall_id::Send,
    yield = const sel4::sys::syscall_id::Yield,
);

unsafe extern "C" {
    safe static AGENT: u8;
    safe static AGENT_END: u8;
    safe static FUNCTION: u8;
    safe static FUNCTION_END: u8;
    safe static SPIN: u8;
    safe static SPIN_END: u8;
    safe static REGISTERS: u8;
    safe static RESERVE: u8;
}

/// A piece of code: address and bytes.
pub type Code = (Word, usize);

fn code(start: &'static u8, end: &'static u8) -> Code {
    let start = (&raw const *start).addr();
    (start as Word, (&raw const *end).addr() - start)
}

/// The agent's code.
pub fn agent_code() -> Code {
    code(&AGENT, &AGENT_END)
}

/// A function that gives 77.
pub fn function_code() -> Code {
    code(&FUNCTION, &FUNCTION_END)
}

/// The code of [`crate::spin`].
pub fn spin_code() -> Code {
    code(&SPIN, &SPIN_END)
}

/// Where the thread that checks its registers begins.
pub fn registers_entry() -> Word {
    code(&REGISTERS, &REGISTERS).0
}

/// Where the thread that increments by lr and sc begins.
pub fn reserve_entry() -> Word {
    code(&RESERVE, &RESERVE).0
}

/// In an agent's VSpace: its code.
pub const CODE: Word = 0x40_0000;
/// In an agent's VSpace: its data.
pub const DATA: Word = 0x40_1000;

/// What an agent can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Reads a word.
    Read,
    /// Writes a word.
    Write,
    /// Calls a function.
    Execute,
    /// Runs an instruction that is none.
    Illegal,
    /// Makes a system call that is none.
    UnknownSyscall,
    /// Runs a breakpoint.
    Breakpoint,
    /// Runs an instruction of the floating-point unit.
    Float,
    /// Reads a register of supervisor mode.
    Supervisor,
}

/// Causes of faults, scause (RISC-V privileged specification, 4.1.8).
pub mod cause {
    /// Instruction page fault.
    pub const FETCH: u64 = 12;
    /// Load page fault.
    pub const LOAD: u64 = 13;
    /// Store page fault.
    pub const STORE: u64 = 15;
}

/// A thread that does as it is told.
pub struct Agent {
    /// The thread.
    pub tcb: Word,
    /// Where it gets commands.
    pub commands: Word,
    /// Where its results and faults arrive.
    pub results: Word,
    /// Where its code is in its VSpace.
    pub entry: Word,
}

impl Agent {
    /// A new one, whose code is mapped at `entry` in its VSpace.
    pub fn new(task: &mut Task, vspace: Word, entry: Word) -> Self {
        let (commands, results) = (task.endpoint(), task.endpoint());
        let registers = [(register::PC, entry), (register::S0, commands), (register::S1, results)];
        let tcb = task.thread(vspace, results, 255, &registers);
        Self { tcb, commands, results, entry }
    }

    /// Tells it to do something; gives its result or fault.
    pub fn ask(&self, op: Op, address: Word, value: Word) -> Answer {
        send(self.commands, 3, [op as Word, address, value, 0]);
        self.result()
    }

    /// Its result or fault; it then gets time to go on to its next receive.
    pub fn result(&self) -> Answer {
        let answer = receive(self.results);
        pause();
        answer
    }

    /// Begins anew, after a fault.
    pub fn restart(&self) {
        let registers =
            [(register::PC, self.entry), (register::S0, self.commands), (register::S1, self.results)];
        start(self.tcb, &registers);
    }

    /// Checks that it gets a result.
    pub fn expect(&self, what: &str, op: Op, address: Word, value: Word, want: Word) {
        let answer = self.ask(op, address, value);
        if answer.label != 0 {
            line(format_args!("fault {} at {:#x}", answer.label, answer.words[1]));
            self.restart();
        }
        check(what, (answer.label, answer.words[0]), (0, want));
    }

    /// Checks that it faults.
    pub fn expect_fault(&self, what: &str, op: Op, address: Word, cause: Word) {
        let answer = self.ask(op, address, 0x5555);
        let [ip, at, prefetch, number] = answer.words;
        let fetch = Word::from(cause == cause::FETCH);
        check(what, (answer.label, at, prefetch, number), (VM_FAULT, address, fetch, cause));
        if op == Op::Execute && ip != address {
            check("the fault's instruction", ip, address);
        }
        self.restart();
    }
}

/// The label of a VM fault's message.
pub const VM_FAULT: Word = sel4::sys::seL4_Fault_VMFault;
/// The label of an exception's message.
pub const USER_EXCEPTION: Word = sel4::sys::seL4_Fault_UserException;
/// The label of an unknown system call's message.
pub const UNKNOWN_SYSCALL: Word = sel4::sys::seL4_Fault_UnknownSyscall;
