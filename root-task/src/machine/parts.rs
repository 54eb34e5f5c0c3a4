//! What a cell is built of: the program that all cells run, and what the ledger says of the one.

use core::ops::Range;

use alloc::vec::Vec;
use caps::{Region, standard};
use cell::{
    CONTEXT, IMAGE, OUT, STACK_PAGES,
    ledger::{self, Access, Program as Entry},
};
use root_task::{elf::Program, plan};
use shm::Shm;
use system::SYSTEM;

use super::{
    arch,
    domain::{Content, Private, Share},
    error::Why,
    memory::Shared,
    objects::{Pool, Slots, cap},
    vspace::{PAGING, Window},
};

/// Most pages that a cell shares: its program, what it says, clock, context, maps.
pub const COPIES: usize = 288;

/// The program of all cells.
#[derive(Debug)]
pub struct Parts {
    program: Program<'static>,
    /// The program's pages that are not written: all cells share them.
    text: Vec<Share>,
}

/// Pages of what all cells share: their program's frames, and a page of endpoints.
pub fn pages(program: &Program<'_>) -> u64 {
    text_pages(program) + 1
}

fn text_pages(program: &Program<'_>) -> u64 {
    let text = program.segments.iter().filter(|segment| !segment.writable);
    text.map(|segment| segment.pages().pages).sum()
}

/// Makes the frames of the program that all cells run; before anything smaller, see [`Pool::make`].
///
/// # Errors
/// The plan promised too little.
pub fn frames(program: &Program<'_>, pool: &mut Pool, slots: &mut Slots) -> Result<Range<usize>, Why> {
    let frames = slots.take(text_pages(program) as usize)?;
    pool.make(sel4::FrameObjectType::GRANULE.blueprint(), frames.clone())?;
    Ok(frames)
}

impl Parts {
    /// Fills the frames that all cells share, from [`frames`].
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(program: Program<'static>, frames: Range<usize>, window: &mut Window) -> Result<Self, Why> {
        let text = program.segments.iter().filter(|segment| !segment.writable).flat_map(|segment| {
            let (region, how) = (segment.pages(), arch::memory(segment.executable));
            (region.vaddr..region.end()).step_by(Region::PAGE as usize).map(move |vaddr| (vaddr, how))
        });
        let text =
            text.zip(frames).map(|((vaddr, how), source)| Share { source, vaddr, writable: false, how });
        let parts = Self { text: text.collect(), program };
        parts.fill(window)?;
        Ok(parts)
    }

    /// Fills them; again, should something have changed them.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn fill(&self, window: &mut Window) -> Result<(), Why> {
        let mut frames = self.text.iter();
        for segment in self.program.segments.iter().filter(|segment| !segment.writable) {
            for (page, share) in frames.by_ref().take(segment.pages().pages as usize).enumerate() {
                Content::Segment(segment).fill(window, cap(share.source), page as u64, segment.executable)?;
            }
        }
        Ok(())
    }

    /// What a cell can't write, from an address on.
    pub fn code(&self, address: u64) -> Option<&[u8]> {
        let mut segments = self.program.segments.iter().filter(|segment| !segment.writable);
        segments.find_map(|segment| segment.data.get(address.checked_sub(segment.vaddr)? as usize..))
    }

    /// Where a cell begins.
    pub const fn entry(&self) -> u64 {
        self.program.entry
    }

    /// The pages of its own, filled from `image`.
    pub fn private<'a>(&'a self, entry: &Entry, image: Option<Shm<'a>>) -> Vec<Private<'a>> {
        let written = self.program.segments.iter().filter(|segment| segment.writable);
        let stack = Region::at(standard::STACK_TOP - STACK_PAGES * Region::PAGE, STACK_PAGES);
        let code = Region::at(IMAGE.vaddr, u64::from(entry.image_bytes).div_ceil(Region::PAGE));
        written
            .map(|segment| Private {
                region: segment.pages(),
                writable: true,
                executable: false,
                content: Content::Segment(segment),
            })
            .chain([
                Private { region: stack, writable: true, executable: false, content: Content::Zero },
                Private {
                    region: code,
                    writable: false,
                    executable: true,
                    content: image.map_or(Content::Zero, Content::Shared),
                },
            ])
            .collect()
    }

    /// Pages that a cell is built from: frames, tables, the VSpace's root, and a page for TCB and CNode.
    pub fn pages(&self, entry: &Entry) -> u64 {
        let private = self.private(entry, None);
        let text = self.text.iter().map(|share| Region::at(share.vaddr, 1));
        let all = private.iter().map(|part| part.region).chain(text).chain([standard::CLOCK, OUT, CONTEXT]);
        private.iter().map(|part| part.region.pages).sum::<u64>() + plan::domain_pages(&all, PAGING)
    }

    /// What it shares with others: each page with its rights.
    ///
    /// # Errors
    /// The ledger says what can't be.
    pub fn shares(&self, entry: &Entry, shared: &Shared) -> Result<Vec<Share>, Why> {
        let mut shares = self.text.clone();
        let maps = shared.memory("agent", "maps")?;
        let mut map = |grant: &ledger::Grant, vaddr: u64, room: u64| -> Result<u64, Why> {
            let pages = grant.pages(maps.len()).ok_or(Why::Missing("memory of a map"))?;
            if pages.len() as u64 > room {
                return Err(Why::Missing("room for a map"));
            }
            let vaddrs = (vaddr..).step_by(Region::PAGE as usize);
            shares.extend(
                pages
                    .clone()
                    .zip(vaddrs)
                    .map(|(page, vaddr)| share(maps.start + page, vaddr, grant.access == Access::Write)),
            );
            Ok(pages.len() as u64)
        };
        map(&entry.out, OUT.vaddr, OUT.pages)?;
        let mut mapped = 0;
        for grant in entry.map[..entry.maps as usize].iter().filter(|grant| grant.access != Access::None) {
            let vaddr = cell::MAPS.vaddr + mapped * Region::PAGE;
            mapped += map(grant, vaddr, cell::MAPS.pages - mapped)?;
        }
        if let Some((of, name)) = SYSTEM.context(entry.hook) {
            let vaddrs = (CONTEXT.vaddr..CONTEXT.end()).step_by(Region::PAGE as usize);
            shares.extend(
                shared.memory(of, name)?.zip(vaddrs).map(|(frame, vaddr)| share(frame, vaddr, false)),
            );
        }
        if entry.flags & ledger::CLOCK != 0 {
            shares.push(share(shared.memory("timer", "clock")?.start, standard::CLOCK.vaddr, false));
        }
        if shares.len() > COPIES { Err(Why::Missing("slots for so many pages")) } else { Ok(shares) }
    }
}

const fn share(source: usize, vaddr: u64, writable: bool) -> Share {
    Share { source, vaddr, writable, how: arch::memory(false) }
}
