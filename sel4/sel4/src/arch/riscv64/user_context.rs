//! A thread's registers.

use crate::Word;
use crate::sys::seL4_UserContext;

/// A thread's registers.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct UserContext(seL4_UserContext);

impl UserContext {
    pub(crate) const NUM_WORDS: usize = size_of::<seL4_UserContext>() / size_of::<Word>();

    /// A thread that starts in a C function with these arguments (eight at most; more are left out), on a stack
    /// of which `stack_top` is the upper end, a multiple of 16.
    pub fn for_call(function: Word, stack_top: Word, arguments: &[Word]) -> Self {
        let mut context = Self::default();
        *context.pc_mut() = function;
        // ra stays 0: nothing to return to, as the function must not return.
        *context.sp_mut() = stack_top;
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
        self.0.pc
    }

    /// The program counter.
    pub const fn pc_mut(&mut self) -> &mut Word {
        &mut self.0.pc
    }

    /// The stack pointer.
    pub const fn sp(&self) -> Word {
        self.0.sp
    }

    /// The stack pointer, a multiple of 16 wherever a function is entered.
    pub const fn sp_mut(&mut self) -> &mut Word {
        &mut self.0.sp
    }

    /// The register of a C function's argument, of which eight travel in registers (RISC-V calling convention).
    pub const fn c_param_mut(&mut self, index: usize) -> Option<&mut Word> {
        let registers = &mut self.0;
        Some(match index {
            0 => &mut registers.a0,
            1 => &mut registers.a1,
            2 => &mut registers.a2,
            3 => &mut registers.a3,
            4 => &mut registers.a4,
            5 => &mut registers.a5,
            6 => &mut registers.a6,
            7 => &mut registers.a7,
            _ => return None,
        })
    }

    /// All registers with their names.
    pub const fn registers(&self) -> [(&'static str, Word); 32] {
        let r = &self.0;
        [
            ("pc", r.pc),
            ("ra", r.ra),
            ("sp", r.sp),
            ("gp", r.gp),
            ("tp", r.tp),
            ("a0", r.a0),
            ("a1", r.a1),
            ("a2", r.a2),
            ("a3", r.a3),
            ("a4", r.a4),
            ("a5", r.a5),
            ("a6", r.a6),
            ("a7", r.a7),
            ("t0", r.t0),
            ("t1", r.t1),
            ("t2", r.t2),
            ("t3", r.t3),
            ("t4", r.t4),
            ("t5", r.t5),
            ("t6", r.t6),
            ("s0", r.s0),
            ("s1", r.s1),
            ("s2", r.s2),
            ("s3", r.s3),
            ("s4", r.s4),
            ("s5", r.s5),
            ("s6", r.s6),
            ("s7", r.s7),
            ("s8", r.s8),
            ("s9", r.s9),
            ("s10", r.s10),
            ("s11", r.s11),
        ]
    }
}
