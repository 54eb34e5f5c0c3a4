use super::SpecError;

/// Why a map can't be created or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapError {
    /// The description is not a possible map.
    Spec(SpecError),
    /// The memory has fewer bytes than the map needs.
    Memory {
        /// Bytes that the map needs.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// The memory does not begin with the header of a map, or is not aligned to 8 bytes.
    NotAMap,
    /// The initial contents are longer than the values, or the map has no values by index.
    Contents,
}

impl core::fmt::Display for MapError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::Memory { needed, available } => {
                write!(f, "the map needs {needed} bytes, {available} are there")
            }
            Self::NotAMap => f.write_str("the memory holds no map"),
            Self::Contents => f.write_str("initial contents need an array map with at least as many bytes"),
        }
    }
}
