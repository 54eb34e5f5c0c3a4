//! What bindings are written from, the same for every kernel generation.

use crate::bitfield;

/// A kernel's interface, conditions already applied.
pub struct Api {
    /// The kernel's version; of an installed kernel only its first part is known.
    pub version: String,
    /// System calls.
    pub syscalls: Vec<Syscall>,
    /// The interfaces' methods, in the order of their labels.
    pub methods: Vec<Method>,
    /// C structures that methods take or return.
    pub structs: Vec<Struct>,
    /// Bitfield types.
    pub bitfields: bitfield::File,
    /// Constants of the headers: object types, errors, sizes, message layouts, initial slots.
    pub constants: Vec<(String, i64)>,
    /// Bits of a machine word.
    pub word_bits: usize,
    /// How many message registers a system call passes in machine registers.
    pub register_words: usize,
}

/// A system call.
pub struct Syscall {
    /// Its name without `seL4_`.
    pub name: String,
    /// Its number, -1 or less.
    pub number: i64,
    /// Whether the settings decide about its presence.
    pub conditional: bool,
    /// What they decided.
    pub present: bool,
}

/// A structure of words.
pub struct Struct {
    /// Its C name.
    pub name: String,
    /// Its words' names, in order.
    pub members: Vec<String>,
}

/// One invocation.
pub struct Method {
    /// The interface's C name, `seL4_Untyped`.
    pub interface: String,
    /// The method's name, `Retype`.
    pub name: String,
    /// The label's name, `UntypedRetype`.
    pub id: String,
    /// The label.
    pub label: u64,
    /// What it does, in one line, if the interface file says.
    pub brief: Option<String>,
    /// What goes in, without the invoked capability, in order.
    pub inputs: Vec<Parameter>,
    /// What comes out.
    pub outputs: Vec<Parameter>,
}

/// A method's parameter.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

/// What a parameter is, which says how it is put into a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A capability: an extra capability of the message.
    Cap,
    /// A truth value: one bit.
    Bool,
    /// An unsigned number of so many bits.
    Unsigned(usize),
    /// A signed 32-bit number.
    Int,
    /// A one-word bitfield type.
    Bitfield(String),
    /// A structure of words: its name and how many.
    Struct(String, usize),
}

impl Kind {
    /// How many bits of a message it takes; `None` for a capability.
    pub fn bits(&self, word_bits: usize) -> Option<usize> {
        match self {
            Self::Cap => None,
            Self::Bool => Some(1),
            Self::Unsigned(bits) => Some(*bits),
            Self::Int => Some(32),
            Self::Bitfield(_) => Some(word_bits),
            Self::Struct(_, words) => Some(words * word_bits),
        }
    }
}
