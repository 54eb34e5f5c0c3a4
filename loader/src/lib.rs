//! An image's payload: kernel and root task as they are to lie in memory. The tool `loader-image` makes it, the program
//! `loader` puts it there.
//!
//! Words of 64 bits, little-endian: [`HEAD_WORDS`] of a head, then the content of the regions, one behind the other.
//! Regions are whole pages; what lies behind a region's content is zero.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;

/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Regions at most.
pub const REGIONS: usize = 8;
/// Words of the head.
pub const HEAD_WORDS: usize = FIXED + 3 * REGIONS;
const FIXED: usize = 13;
const MAGIC: u64 = u64::from_le_bytes(*b"hypOSimg");

/// What the kernel is told of the root task, and where it is entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `e_machine` of both programs.
    pub machine: u64,
    /// The kernel's first instruction, in its own address space.
    pub kernel_entry: u64,
    /// The kernel's first byte, in its own address space.
    pub kernel_virt: u64,
    /// The physical address of that.
    pub kernel_phys: u64,
    /// Physical address behind its last byte.
    pub kernel_end: u64,
    /// Physical address of the root task's first page.
    pub user_start: u64,
    /// Behind its last page.
    pub user_end: u64,
    /// The root task's physical addresses minus its virtual ones.
    pub user_offset: u64,
    /// The root task's first instruction, in its own address space.
    pub user_entry: u64,
    /// How many regions there are.
    pub regions: usize,
    /// Where the parts go.
    pub region: [Region; REGIONS],
}

/// Pages of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// Physical address of the first byte.
    pub to: u64,
    /// Words of content.
    pub words: u64,
    /// Bytes in memory, whole pages.
    pub bytes: u64,
}

/// Why a payload is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is none.
    None,
    /// It is shorter than it says.
    Short,
    /// It is not as it was made.
    Damaged,
    /// Its numbers make no sense.
    Malformed,
    /// It is for another machine.
    Machine(u64),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => {
                write!(f, "no payload behind the loader: start the image that scripts/build.sh makes")
            }
            Self::Short => write!(f, "the image is cut off: copy it again"),
            Self::Damaged => write!(f, "the image is damaged: its checksum is another one; copy it again"),
            Self::Malformed => write!(f, "the image was made by another version of loader-image"),
            Self::Machine(machine) => write!(f, "the image is for ELF machine {machine}, not for this one"),
        }
    }
}

/// A sum that tells accidents, not malice.
fn sum(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum: u64, word| (sum.rotate_left(7) ^ u64::from_le(*word)).wrapping_add(1))
}

/// The words of a payload with this head: what `content` gives, behind the head.
pub fn encode(head: &Head, content: &[u64]) -> ([u64; HEAD_WORDS], u64) {
    let length = (HEAD_WORDS + content.len()) as u64;
    let Head { machine, kernel_entry, kernel_virt, kernel_phys, kernel_end, .. } = *head;
    let fixed = [
        MAGIC,
        length,
        sum(content),
        machine,
        kernel_entry,
        kernel_virt,
        kernel_phys,
        kernel_end,
        head.user_start,
        head.user_end,
        head.user_offset,
        head.user_entry,
        head.regions as u64,
    ];
    let mut words = [0; HEAD_WORDS];
    words[..FIXED].copy_from_slice(&fixed);
    for (at, region) in head.region.iter().enumerate() {
        words[FIXED + 3 * at..][..3].copy_from_slice(&[region.to, region.words, region.bytes]);
    }
    (words.map(u64::to_le), length)
}

/// How many words a payload has, by its first two.
///
/// # Errors
/// It is none.
pub fn length(start: [u64; 2]) -> Result<usize, Refusal> {
    let [magic, length] = start.map(u64::from_le);
    if magic != MAGIC {
        return Err(Refusal::None);
    }
    usize::try_from(length).ok().filter(|words| *words >= HEAD_WORDS).ok_or(Refusal::Malformed)
}

/// Reads a payload for a machine; gives its head and the content of each region.
///
/// # Errors
/// As [`Refusal`] says.
pub fn decode(words: &[u64], machine: u64) -> Result<(Head, [&[u64]; REGIONS]), Refusal> {
    let (head, content) = words.split_at_checked(HEAD_WORDS).ok_or(Refusal::Short)?;
    if length([head[0], head[1]])? != words.len() {
        return Err(Refusal::Short);
    }
    let at = |index: usize| u64::from_le(head[index]);
    if at(2) != sum(content) {
        return Err(Refusal::Damaged);
    }
    if at(3) != machine {
        return Err(Refusal::Machine(at(3)));
    }
    let mut region = [Region::default(); REGIONS];
    let (mut parts, mut rest) = ([&[][..]; REGIONS], content);
    for (index, (region, part)) in region.iter_mut().zip(&mut parts).enumerate() {
        let first = FIXED + 3 * index;
        *region = Region { to: at(first), words: at(first + 1), bytes: at(first + 2) };
        let fits = region.words.checked_mul(8).is_some_and(|bytes| bytes <= region.bytes);
        if !fits || region.to % PAGE != 0 || region.to.checked_add(region.bytes).is_none() {
            return Err(Refusal::Malformed);
        }
        (*part, rest) = rest.split_at_checked(region.words as usize).ok_or(Refusal::Malformed)?;
    }
    let regions = usize::try_from(at(12)).ok().filter(|n| *n <= REGIONS).ok_or(Refusal::Malformed)?;
    let head = Head {
        machine,
        kernel_entry: at(4),
        kernel_virt: at(5),
        kernel_phys: at(6),
        kernel_end: at(7),
        user_start: at(8),
        user_end: at(9),
        user_offset: at(10),
        user_entry: at(11),
        regions,
        region,
    };
    Ok((head, parts))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::{string::ToString, vec::Vec};

    use super::*;

    fn payload() -> (Head, Vec<u64>) {
        let mut head = Head { machine: 183, kernel_entry: 7, regions: 2, ..Head::default() };
        head.region[0] = Region { to: 0x4000_0000, words: 2, bytes: 4096 };
        head.region[1] = Region { to: 0x4000_2000, words: 1, bytes: 8192 };
        let content = [1, 2, 3];
        let (start, _) = encode(&head, &content);
        (head, start.into_iter().chain(content).collect())
    }

    #[test]
    fn a_payload_is_read_as_it_was_written() {
        let (head, words) = payload();
        assert_eq!(length([words[0], words[1]]), Ok(words.len()));
        let (read, parts) = decode(&words, 183).unwrap();
        assert_eq!((read, parts[0], parts[1]), (head, &[1, 2][..], &[3][..]));
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        let (_, words) = payload();
        assert_eq!(length([0, 0]), Err(Refusal::None));
        assert_eq!(length([words[0], 3]), Err(Refusal::Malformed));
        assert_eq!(decode(&words, 243).unwrap_err(), Refusal::Machine(183));
        for len in 0..words.len() {
            assert_eq!(decode(&words[..len], 183).unwrap_err(), Refusal::Short);
        }
        for at in HEAD_WORDS..words.len() {
            let mut damaged = words.clone();
            damaged[at] ^= 1 << 40;
            assert_eq!(decode(&damaged, 183).unwrap_err(), Refusal::Damaged);
        }
        for (at, value) in [(12, 9), (FIXED, 8), (FIXED + 1, 600), (FIXED + 1, 3), (FIXED + 2, 8)] {
            let mut malformed = words.clone();
            malformed[at] = value;
            let refusal = decode(&malformed, 183).unwrap_err();
            assert_eq!(refusal, Refusal::Malformed, "word {at} is {value}");
            assert!(refusal.to_string().contains("loader-image"));
        }
    }
}
