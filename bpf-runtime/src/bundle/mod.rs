//! The bundle: what travels from the host to a device in place of an ELF object.
//!
//! Flat, little-endian, every part at a multiple of 8 bytes from the start, all reserved bytes zero. The
//! frame that carries it has the checksum; a signature covers all of its bytes.
//!
//! ```text
//! header, 64 bytes                            map, 64 bytes, from 64 on
//!  0  magic "HYPB"                             0  name [32]
//!  4  format version u16 = 1                  32  kind u32 (Linux's number)
//!  6  reserved u16                            36  key size u32
//!  8  total length u32                        40  value size u32
//! 12  maps u16                                44  max entries u32
//! 14  programs u16                            48  flags u32
//! 16  object version u64                      52  initial contents: offset u32
//! 24  object name [32]                        56    and length u32 (0: none; only arrays)
//! 56  texts: offset u32                       60  reserved u32
//! 60    and length u32
//!
//! program, 96 bytes, after the maps           line, 24 bytes
//!  0  name [32]                                0  instruction index u32, ascending
//! 32  hook [32]                                4  line u32
//! 64  code: offset u32                         8  column u16
//! 68    and instructions u32                  10  file name: length u16
//! 72  lines: offset u32                       12    and offset u32 in the texts
//! 76    and number u32                        16  source line: offset u32 in the texts
//! 80  flags u32 (1: strict termination)       20    and length u16
//! 84  reserved [12]                           22  reserved u16
//! ```
//!
//! Names are 1 to 32 bytes of `[A-Za-z0-9_.]`, filled up with zero bytes. Code is eBPF as RFC 9669 encodes
//! it; the 64-bit immediate load names maps by their index in this bundle: with `src` 1 `imm` is the index
//! (the map itself), with `src` 2 too and the next `imm` is an offset into the map's first value.
//!
//! Every field is a claim until [`Bundle::parse`] has checked it; what the code says is the verifier's to check.

mod error;
mod lines;
mod read;
mod record;
#[cfg(test)]
mod tests;
mod write;

pub use error::{BundleError, Reason};
pub use lines::{Line, Lines};
pub use read::{Bundle, Map, Program};
pub use write::{Contents, LineContents, MapContents, ProgramContents};

/// Bytes of a whole bundle at most.
pub const MAX_BYTES: usize = 64 * 1024;
/// Maps in a bundle at most.
pub const MAX_MAPS: usize = 16;
/// Programs in a bundle at most.
pub const MAX_PROGRAMS: usize = 16;
/// Instructions (8-byte slots) of one program at most, the functions that it calls included.
pub const MAX_INSNS: usize = 4096;
/// Bytes of a name at most.
pub const MAX_NAME: usize = 32;
/// Bytes of a file name or of a source line in line information at most.
pub const MAX_TEXT: usize = 160;
/// The version of the format that this page describes.
pub const FORMAT: u16 = 1;

const MAGIC: [u8; 4] = *b"HYPB";
const HEADER_BYTES: usize = 64;
const MAP_BYTES: usize = 64;
const PROGRAM_BYTES: usize = 96;
const LINE_BYTES: usize = 24;
const INSN_BYTES: usize = 8;
/// Program flag: refuse the program if no bound on its executed instructions can be proven.
const STRICT: u32 = 1;

/// Whether `name` may name an object, a program, a map or a hook.
pub fn is_name(name: &[u8]) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
}
