//! What went wrong with an invocation.

use core::fmt;

use crate::sys;
use crate::{IpcBuffer, Word};

/// The result of an invocation.
pub type Result<T> = core::result::Result<T, Error>;

/// An invocation that the kernel refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    call: &'static str,
    kind: ErrorKind,
}

/// Why the kernel refused, with what it says about it (seL4 manual 5.0.0, appendix A).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The argument of this number is wrong.
    InvalidArgument(Word),
    /// The capability of this number (0: the invoked one) is absent or of the wrong kind.
    InvalidCapability(Word),
    /// This object does not do that.
    IllegalOperation,
    /// An argument is out of its range.
    RangeError {
        /// The least value.
        min: Word,
        /// The greatest value.
        max: Word,
    },
    /// An address is not aligned.
    AlignmentError,
    /// A slot, or a page table above the one to map, was not found.
    FailedLookup(LookupFailure),
    /// The message was too short or lacked a capability.
    TruncatedMessage,
    /// The destination slot is not empty, or the object is mapped or bound already.
    DeleteFirst,
    /// Something was derived from the capability, or made of the untyped memory.
    RevokeFirst,
    /// The untyped memory has this many bytes left.
    NotEnoughMemory(Word),
    /// A number that is no error of this kernel.
    Unknown(Word),
}

/// Where a lookup ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookupFailure {
    /// Whether it was that of the source (of a copy, for one) and not of the destination.
    pub source: bool,
    /// 1 invalid root, 2 missing capability or page table, 3 depth mismatch, 4 guard mismatch.
    pub kind: Word,
    /// Bits of the address that were left to resolve; of a page's address, the span of the missing table.
    pub bits_left: Word,
}

impl Error {
    /// An error of the named call.
    pub const fn new(call: &'static str, kind: ErrorKind) -> Self {
        Self { call, kind }
    }

    /// The call, such as `TCB_Configure`.
    pub const fn call(&self) -> &'static str {
        self.call
    }

    /// Why.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Makes a result of an invocation's error number, the details being in the IPC buffer.
    #[inline]
    pub(crate) fn wrap(call: &'static str, error: sys::seL4_Error, buffer: &IpcBuffer) -> Result<()> {
        if error == sys::seL4_NoError { Ok(()) } else { Err(Self::read(call, error, buffer)) }
    }

    /// `src/api/syscall.c` and `setMRs_syscall_error` of the kernel: what stands where.
    #[cold]
    fn read(call: &'static str, error: sys::seL4_Error, buffer: &IpcBuffer) -> Self {
        let [mr0, mr1, mr2, ..] = buffer.inner().msg;
        let kind = match error {
            sys::seL4_InvalidArgument => ErrorKind::InvalidArgument(mr0),
            sys::seL4_InvalidCapability => ErrorKind::InvalidCapability(mr0),
            sys::seL4_IllegalOperation => ErrorKind::IllegalOperation,
            sys::seL4_RangeError => ErrorKind::RangeError { min: mr0, max: mr1 },
            sys::seL4_AlignmentError => ErrorKind::AlignmentError,
            sys::seL4_FailedLookup => {
                ErrorKind::FailedLookup(LookupFailure { source: mr0 != 0, kind: mr1, bits_left: mr2 })
            }
            sys::seL4_TruncatedMessage => ErrorKind::TruncatedMessage,
            sys::seL4_DeleteFirst => ErrorKind::DeleteFirst,
            sys::seL4_RevokeFirst => ErrorKind::RevokeFirst,
            sys::seL4_NotEnoughMemory => ErrorKind::NotEnoughMemory(mr0),
            other => ErrorKind::Unknown(other),
        };
        Self { call, kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(number) => write!(f, "InvalidArgument: argument {number}"),
            Self::InvalidCapability(number) => {
                write!(f, "InvalidCapability: capability {number} is absent or of the wrong kind")
            }
            Self::IllegalOperation => f.write_str("IllegalOperation: not for this object"),
            Self::RangeError { min, max } => write!(f, "RangeError: {min:#x} to {max:#x} is allowed"),
            Self::AlignmentError => f.write_str("AlignmentError: an address is not aligned"),
            Self::FailedLookup(failure) => write!(f, "FailedLookup: {failure}"),
            Self::TruncatedMessage => f.write_str("TruncatedMessage: an argument or capability is missing"),
            Self::DeleteFirst => f.write_str("DeleteFirst: the slot is not empty, or the object is in use"),
            Self::RevokeFirst => f.write_str("RevokeFirst: something derived from it exists"),
            Self::NotEnoughMemory(left) => write!(f, "NotEnoughMemory: {left} bytes are left"),
            Self::Unknown(number) => write!(f, "error {number}, which this kernel does not have"),
        }
    }
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.source { "source" } else { "destination" };
        let what = match self.kind {
            sys::seL4_InvalidRoot => "the root is no CNode",
            sys::seL4_MissingCapability => "nothing is there",
            sys::seL4_DepthMismatch => "the depth does not match",
            sys::seL4_GuardMismatch => "a guard does not match",
            _ => "unknown",
        };
        write!(f, "{side}: {what}, {} bits left", self.bits_left)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn an_error_names_its_call_and_reason() {
        let mut memory = core::mem::MaybeUninit::<IpcBuffer>::zeroed();
        // SAFETY: words of 0 are valid.
        let buffer = unsafe { memory.assume_init_mut() };
        buffer.msg_regs_mut()[..3].copy_from_slice(&[1, 2, 21]);
        let text = |error| Error::wrap("X_Y", error, buffer).map_err(|error| error.to_string());
        assert_eq!(text(0), Ok(()));
        for (number, expected) in [
            (2, "X_Y: InvalidCapability: capability 1 is absent or of the wrong kind"),
            (4, "X_Y: RangeError: 0x1 to 0x2 is allowed"),
            (6, "X_Y: FailedLookup: source: nothing is there, 21 bits left"),
            (10, "X_Y: NotEnoughMemory: 1 bytes are left"),
            (99, "X_Y: error 99, which this kernel does not have"),
        ] {
            assert_eq!(text(number), Err(expected.to_string()));
        }
    }
}
