//! What is made from what: pure arithmetic over the untypeds of BootInfo, the table and the programs.
//!
//! Each service is built from untypeds of its own, so that revoking them takes all of it away and gives all
//! of its memory back. They are cut to its size (one for each bit of its number of pages), from the
//! smallest boot untyped that has room: the kernel zeroes a boot untyped whole when it is first used
//! (0.59 instructions a byte on x86_64).

use core::fmt;

use alloc::vec::Vec;
use caps::{Region, Slot, standard};
use system::Service;

use crate::elf::Program;

const PAGE_BITS: u8 = 12;

/// An untyped of BootInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untyped {
    /// Physical address of its first byte.
    pub paddr: u64,
    /// It has `2^bits` bytes.
    pub bits: u8,
    /// Whether it is device memory.
    pub device: bool,
}

/// A piece to be cut: `2^bits` bytes, for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Who it is for: an index of the caller's choice.
    pub owner: usize,
    /// It has `2^bits` bytes.
    pub bits: u8,
    /// The untyped that it is cut from: index into BootInfo's list.
    pub from: usize,
}

/// There is not enough memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// Whom it was for.
    pub owner: usize,
    /// The piece that did not fit has `2^bits` bytes.
    pub bits: u8,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no untyped has room for {} KiB; give the machine more memory", (1u64 << self.bits) >> 10)
    }
}

/// What an address space is made of, on one architecture.
#[derive(Clone, Copy, Debug)]
pub struct Paging<'a> {
    /// Pages of its root: one, or two (aarch64, a kernel at EL2).
    pub root_pages: u64,
    /// How many bits of an address one table of each level below the root covers, e.g. 39, 30 and 21 on x86_64.
    pub spans: &'a [u8],
}

/// Pages that a service is built from.
pub fn service_pages(program: &Program, service: &Service, paging: Paging<'_>) -> u64 {
    let private: u64 = private_regions(program, service).map(|region| region.pages).sum();
    private + domain_pages(&private_regions(program, service).chain(shared_regions(service)), paging)
}

/// Pages that a domain takes besides its frames: its address space with these regions, and the page of TCB and CNode.
pub fn domain_pages(regions: &(impl Iterator<Item = Region> + Clone), paging: Paging<'_>) -> u64 {
    paging.root_pages + tables(regions, paging.spans) + 1
}

/// What only this service has: its segments, its stack and its IPC buffer.
pub fn private_regions<'a>(
    program: &'a Program<'a>,
    service: &Service,
) -> impl Iterator<Item = Region> + Clone + use<'a> {
    let stack = Region::at(standard::STACK_TOP - service.stack_pages * Region::PAGE, service.stack_pages);
    program.segments.iter().map(crate::elf::Segment::pages).chain([stack, standard::IPC_BUFFER])
}

/// What it shares with others or with a device.
pub fn shared_regions(service: &Service) -> impl Iterator<Item = Region> + Clone + use<> {
    service.needs.iter().copied().flatten().filter_map(|need| match need.kind {
        caps::Kind::Memory(region) | caps::Kind::Mmio(region) => Some(region),
        _ => None,
    })
}

/// Page tables below the root that these regions take.
fn tables(regions: &(impl Iterator<Item = Region> + Clone), spans: &[u8]) -> u64 {
    let mut count = 0;
    for bits in spans {
        let mut seen: Vec<u64> = Vec::new();
        for region in regions.clone().filter(|region| !region.is_empty()) {
            for index in region.vaddr >> bits..=(region.end() - 1) >> bits {
                if !seen.contains(&index) {
                    seen.push(index);
                }
            }
        }
        count += seen.len() as u64;
    }
    count
}

/// Cuts `demands` (owner and number of pages) out of `untypeds`: one piece for each bit of the number. The pieces
/// come in the order in which they have to be retyped, largest first, so that none is lost to alignment.
///
/// # Errors
/// The first piece that no untyped has room for.
pub fn cut(untypeds: &[Untyped], demands: &[(usize, u64)]) -> Result<Vec<Piece>, OutOfMemory> {
    let mut wanted: Vec<(usize, u8)> = Vec::new();
    for (owner, pages) in demands {
        let bits = (0..32).filter(|bit| pages >> bit & 1 == 1);
        wanted.extend(bits.map(|bit| (*owner, bit + PAGE_BITS)));
    }
    wanted.sort_by_key(|(_, bits)| core::cmp::Reverse(*bits));
    let mut free: Vec<u64> =
        untypeds.iter().map(|u| if u.device || u.bits > 47 { 0 } else { 1 << u.bits }).collect();
    let mut pieces = Vec::with_capacity(wanted.len());
    for (owner, bits) in wanted {
        let fits = (0..free.len()).filter(|&i| free[i] >= 1 << bits);
        // Prefer what is begun (it is zeroed already), then the smallest.
        let from = fits
            .min_by_key(|&i| (free[i] == 1 << untypeds[i].bits, untypeds[i].bits))
            .ok_or(OutOfMemory { owner, bits })?;
        free[from] -= 1 << bits;
        pieces.push(Piece { owner, bits, from });
    }
    Ok(pieces)
}

/// Bits of a CNode of a service, in bytes: what TCB and CNode leave of their page is checked here.
pub const fn small_objects_fit(tcb_bits: u32, slot_bits: u32) -> bool {
    (1 << tcb_bits) + (1 << (slot_bits + Slot::RADIX)) <= Region::PAGE
}

/// How to come to the device page at `paddr`: which untyped, and the sizes (in bits) of the untypeds to retype
/// first, because an untyped is used from its start on and only forwards. `made` are the pages that were made before.
pub fn device_page(untypeds: &[Untyped], made: &[u64], paddr: u64) -> Option<(usize, Vec<u8>)> {
    let inside =
        |u: &Untyped, at: u64| u.device && u.bits < 48 && at >= u.paddr && at - u.paddr < 1 << u.bits;
    let index = untypeds.iter().position(|u| inside(u, paddr))?;
    let untyped = &untypeds[index];
    let before = made.iter().filter(|at| inside(untyped, **at)).max();
    let mut offset = before.map_or(0, |at| at + Region::PAGE - untyped.paddr);
    let mut rest = (paddr - untyped.paddr).checked_sub(offset)?;
    let mut skip = Vec::new();
    while rest >= Region::PAGE {
        // The largest that fits and is aligned there.
        let bits = rest.ilog2().min(offset.trailing_zeros());
        skip.push(bits as u8);
        offset += 1 << bits;
        rest -= 1 << bits;
    }
    Some((index, skip))
}

#[cfg(test)]
mod tests;
