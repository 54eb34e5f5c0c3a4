//! What can be wrong with a bundle.

use core::fmt;

use crate::map::SpecError;

/// A bundle that can't be used: where and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleError {
    /// Byte offset of the offending field.
    pub offset: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a field of a bundle is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The field or the part that it names does not lie inside the bundle.
    Truncated,
    /// The first four bytes are not `HYPB`.
    Magic,
    /// A format version that this reader does not know.
    Format(u16),
    /// The length that the header claims is not the number of bytes at hand.
    Length(u32),
    /// More of something than its limit.
    TooMany {
        /// Of what.
        what: &'static str,
        /// The claimed number.
        is: usize,
        /// The limit.
        limit: usize,
    },
    /// None of something that there must be one of.
    None(&'static str),
    /// Not 1 to 32 bytes of `[A-Za-z0-9_.]` followed by zero bytes.
    Name,
    /// Two programs, or two maps, have one name.
    Duplicate,
    /// A part that is not at a multiple of 8 bytes.
    Misaligned,
    /// Reserved bytes or flags that are not zero.
    Reserved,
    /// A map kind that this device does not know.
    MapKind(u32),
    /// A map that can't be made.
    Map(SpecError),
    /// Initial contents that are longer than the map, or of a map that is not an array.
    Initial,
    /// Line records that are not in ascending order of instructions, or past the code's end.
    LineOrder,
    /// A file name or source line that is not UTF-8.
    Text,
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bundle, byte {}: {}", self.offset, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("points past the end"),
            Self::Magic => f.write_str("not a bundle (no magic HYPB)"),
            Self::Format(is) => write!(f, "format {is}, this device reads format {}", super::FORMAT),
            Self::Length(is) => write!(f, "claims {is} bytes, not what arrived"),
            Self::TooMany { what, is, limit } => write!(f, "{is} {what}, at most {limit} are allowed"),
            Self::None(what) => write!(f, "no {what}"),
            Self::Name => f.write_str("a name is 1 to 32 of A-Z a-z 0-9 _ ."),
            Self::Duplicate => f.write_str("the name is taken by another in the bundle"),
            Self::Misaligned => f.write_str("not at a multiple of 8"),
            Self::Reserved => f.write_str("reserved bytes are not zero"),
            Self::MapKind(is) => write!(f, "unknown map kind {is}"),
            Self::Map(e) => write!(f, "map: {e}"),
            Self::Initial => f.write_str("initial contents do not fit the map"),
            Self::LineOrder => f.write_str("line records out of order or past the code"),
            Self::Text => f.write_str("text is not UTF-8"),
        }
    }
}

impl core::error::Error for BundleError {}
