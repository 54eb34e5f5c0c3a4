//! A thread's registers: what is the same on all architectures. Each says by [`declare_registers`] how they are called.

use crate::Word;
use crate::sys::seL4_UserContext;

/// A thread's registers.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct UserContext(pub(crate) seL4_UserContext);

impl UserContext {
    pub(crate) const NUM_WORDS: usize = size_of::<seL4_UserContext>() / size_of::<Word>();

    /// A thread that starts in a C function, which must not return, with these arguments (as many as travel in registers;
    /// more are left out), on a stack of which `stack_top` is the upper end, a multiple of 16.
    pub fn for_call(function: Word, stack_top: Word, arguments: &[Word]) -> Self {
        let mut context = Self::default();
        *context.pc_mut() = function;
        *context.sp_mut() = stack_top - Self::RETURN_BYTES;
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
}

/// Declares which registers there are: program counter, stack pointer, those of a C function's arguments, the bytes that a
/// call leaves on the stack, and all of them.
macro_rules! declare_registers {
    (
        pc: $pc:ident, sp: $sp:ident, arguments: $($argument:ident)*, return_bytes: $return:literal,
        all: $($register:ident)* $(, $name:literal: $read:path)? $(,)?
    ) => {
        impl $crate::UserContext {
            /// What a function that is entered by a jump expects on its stack: where a call has put its return address.
            pub(crate) const RETURN_BYTES: $crate::Word = $return;

            /// The program counter.
            pub const fn pc(&self) -> $crate::Word {
                self.0.$pc
            }

            /// The program counter.
            pub const fn pc_mut(&mut self) -> &mut $crate::Word {
                &mut self.0.$pc
            }

            /// The stack pointer.
            pub const fn sp(&self) -> $crate::Word {
                self.0.$sp
            }

            /// The stack pointer. Where a function is entered it is a multiple of 16, less what a call puts there.
            pub const fn sp_mut(&mut self) -> &mut $crate::Word {
                &mut self.0.$sp
            }

            /// The register of a C function's argument.
            pub fn c_param_mut(&mut self, index: usize) -> Option<&mut $crate::Word> {
                let registers = &mut self.0;
                [$(&mut registers.$argument),*].into_iter().nth(index)
            }

            /// All registers with their names.
            pub const fn registers(
                &self,
            ) -> [(&'static str, $crate::Word); [$(stringify!($register),)* $($name)?].len()] {
                let registers = &self.0;
                [$((stringify!($register), registers.$register),)* $(($name, $read(registers)))?]
            }
        }
    };
}
pub(crate) use declare_registers;
