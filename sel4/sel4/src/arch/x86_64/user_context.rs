//! A thread's registers.

use super::generation;
use crate::Word;
use crate::sys::seL4_UserContext;

/// A thread's registers.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct UserContext(seL4_UserContext);

impl UserContext {
    pub(crate) const NUM_WORDS: usize = size_of::<seL4_UserContext>() / size_of::<Word>();

    /// A thread that starts in a C function with these arguments (six at most; more are left out), on a stack
    /// of which `stack_top` is the upper end, a multiple of 16.
    pub fn for_call(function: Word, stack_top: Word, arguments: &[Word]) -> Self {
        let mut context = Self::default();
        *context.pc_mut() = function;
        // Where a call would have put its return address: nothing, as the function must not return.
        *context.sp_mut() = stack_top - size_of::<Word>() as Word;
        for (index, argument) in arguments.iter().enumerate() {
            if let Some(register) = context.c_param_mut(index) {
                *register = *argument;
            }
        }
        context
    }

    /// In the kernel's form.
    pub const fn inner(&self) -> &seL4_UserContext {
        &self.0
    }

    /// In the kernel's form.
    pub const fn inner_mut(&mut self) -> &mut seL4_UserContext {
        &mut self.0
    }

    /// The program counter.
    pub const fn pc(&self) -> Word {
        self.0.rip
    }

    /// The program counter.
    pub const fn pc_mut(&mut self) -> &mut Word {
        &mut self.0.rip
    }

    /// The stack pointer.
    pub const fn sp(&self) -> Word {
        self.0.rsp
    }

    /// The stack pointer. A function that is entered by a jump expects it 8 below a multiple of 16.
    pub const fn sp_mut(&mut self) -> &mut Word {
        &mut self.0.rsp
    }

    /// The register of a C function's argument, of which six travel in registers (System V ABI, 3.2.3).
    pub const fn c_param_mut(&mut self, index: usize) -> Option<&mut Word> {
        let registers = &mut self.0;
        Some(match index {
            0 => &mut registers.rdi,
            1 => &mut registers.rsi,
            2 => &mut registers.rdx,
            3 => &mut registers.rcx,
            4 => &mut registers.r8,
            5 => &mut registers.r9,
            _ => return None,
        })
    }

    /// All registers with their names.
    pub const fn registers(&self) -> [(&'static str, Word); 19] {
        let registers = &self.0;
        [
            ("rip", registers.rip),
            ("rsp", registers.rsp),
            ("rflags", registers.rflags),
            ("rax", registers.rax),
            ("rbx", registers.rbx),
            ("rcx", registers.rcx),
            ("rdx", registers.rdx),
            ("rsi", registers.rsi),
            ("rdi", registers.rdi),
            ("rbp", registers.rbp),
            ("r8", registers.r8),
            ("r9", registers.r9),
            ("r10", registers.r10),
            ("r11", registers.r11),
            ("r12", registers.r12),
            ("r13", registers.r13),
            ("r14", registers.r14),
            ("r15", registers.r15),
            ("tls_base", generation::tls_base(registers)),
        ]
    }
}
