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

    /// The stack pointer, a multiple of 16.
    pub const fn sp_mut(&mut self) -> &mut Word {
        &mut self.0.sp
    }

    /// The register of a C function's argument, of which eight travel in registers (AAPCS64, 6.8.2).
    pub const fn c_param_mut(&mut self, index: usize) -> Option<&mut Word> {
        let registers = &mut self.0;
        Some(match index {
            0 => &mut registers.x0,
            1 => &mut registers.x1,
            2 => &mut registers.x2,
            3 => &mut registers.x3,
            4 => &mut registers.x4,
            5 => &mut registers.x5,
            6 => &mut registers.x6,
            7 => &mut registers.x7,
            _ => return None,
        })
    }

    /// All registers with their names.
    pub const fn registers(&self) -> [(&'static str, Word); 34] {
        let registers = &self.0;
        [
            ("pc", registers.pc),
            ("sp", registers.sp),
            ("spsr", registers.spsr),
            ("x0", registers.x0),
            ("x1", registers.x1),
            ("x2", registers.x2),
            ("x3", registers.x3),
            ("x4", registers.x4),
            ("x5", registers.x5),
            ("x6", registers.x6),
            ("x7", registers.x7),
            ("x8", registers.x8),
            ("x9", registers.x9),
            ("x10", registers.x10),
            ("x11", registers.x11),
            ("x12", registers.x12),
            ("x13", registers.x13),
            ("x14", registers.x14),
            ("x15", registers.x15),
            ("x16", registers.x16),
            ("x17", registers.x17),
            ("x18", registers.x18),
            ("x19", registers.x19),
            ("x20", registers.x20),
            ("x21", registers.x21),
            ("x22", registers.x22),
            ("x23", registers.x23),
            ("x24", registers.x24),
            ("x25", registers.x25),
            ("x26", registers.x26),
            ("x27", registers.x27),
            ("x28", registers.x28),
            ("x29", registers.x29),
            ("x30", registers.x30),
        ]
    }
}
