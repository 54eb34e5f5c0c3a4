//! What can go wrong while a service is built: who, at which step, and the call that was refused.

use core::fmt;

use root_task::{elf, plan::OutOfMemory};

/// Why.
#[derive(Clone, Copy, Debug)]
pub enum Why {
    /// The kernel refused a call.
    Kernel(sel4::Error),
    /// There is no memory.
    Memory(OutOfMemory),
    /// The program can't be loaded.
    Program(elf::Error),
    /// Something that the plan promised is missing.
    Missing(&'static str),
}

/// An error.
#[derive(Clone, Copy, Debug)]
pub struct Error {
    /// The service, or the root task.
    pub who: &'static str,
    /// What was being done.
    pub step: &'static str,
    /// Why it failed.
    pub why: Why,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.who, self.step)?;
        match &self.why {
            Why::Kernel(error) => error.fmt(f),
            Why::Memory(error) => error.fmt(f),
            Why::Program(error) => error.fmt(f),
            Why::Missing(what) => write!(f, "no {what}"),
        }
    }
}

impl From<sel4::Error> for Why {
    fn from(error: sel4::Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<OutOfMemory> for Why {
    fn from(error: OutOfMemory) -> Self {
        Self::Memory(error)
    }
}

impl From<elf::Error> for Why {
    fn from(error: elf::Error) -> Self {
        Self::Program(error)
    }
}

/// Adds who and what to an error.
pub trait At<T> {
    /// `who` was at `step`.
    ///
    /// # Errors
    /// The same, with both.
    fn at(self, who: &'static str, step: &'static str) -> Result<T, Error>;
}

impl<T, E: Into<Why>> At<T> for Result<T, E> {
    fn at(self, who: &'static str, step: &'static str) -> Result<T, Error> {
        self.map_err(|why| Error { who, step, why: why.into() })
    }
}

impl<T> At<T> for Option<T> {
    fn at(self, who: &'static str, step: &'static str) -> Result<T, Error> {
        self.ok_or(Error { who, step, why: Why::Missing("room for it") })
    }
}
