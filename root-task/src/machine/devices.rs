//! Pages of device registers: made first of all, so that the root task can say what goes wrong after that.

use alloc::vec::Vec;
use caps::{Object, Region};
use platform::PLATFORM;
use root_task::plan::{self, Untyped};
use sel4::{BootInfo, CapRights, ObjectBlueprint, cap_type};
use system::SYSTEM;

use super::{
    console,
    error::Why,
    objects::{Slots, at, cap},
};

/// Frames of device registers, by physical address.
#[derive(Debug)]
pub struct Devices(Vec<(u64, usize)>);

impl Devices {
    /// Makes the pages that the table grants, and the console's, which the root task maps for itself.
    ///
    /// # Errors
    /// The board has no such device, or the kernel refuses.
    pub fn make(
        bootinfo: BootInfo<'_>,
        untypeds: &[Untyped],
        first_untyped: usize,
        slots: &mut Slots,
    ) -> Result<Self, Why> {
        let mut pages = Vec::new();
        // The check saw to it that each grant meets a need.
        for grant in SYSTEM.services.iter().flat_map(|service| service.grants) {
            if let Object::Mmio { paddr, pages: count } = grant.object {
                pages.extend((0..count).map(|page| paddr + page * Region::PAGE));
            }
        }
        let console = PLATFORM.console.at.page();
        pages.extend(console.map(|(paddr, _)| paddr));
        // An untyped is used forwards only.
        pages.sort_unstable();
        pages.dedup();
        let mut frames = Vec::new();
        for (n, paddr) in pages.iter().enumerate() {
            frames.push((*paddr, page(untypeds, first_untyped, slots, &pages[..n], *paddr)?));
        }
        let devices = Self(frames);
        if let Some((paddr, offset)) = console {
            let (frame, copy) = (devices.frame(paddr).ok_or(Why::Missing("console"))?, slots.take(1)?.start);
            at(copy).copy(&at(frame), CapRights::all())?;
            console::map(bootinfo, cap(copy), offset)?;
        }
        Ok(devices)
    }

    /// The frame of the page at `paddr`.
    pub fn frame(&self, paddr: u64) -> Option<usize> {
        self.0.iter().find(|(at, _)| *at == paddr).map(|(_, slot)| *slot)
    }
}

/// The frame at `paddr`, behind all that were `made`.
fn page(
    untypeds: &[Untyped],
    first_untyped: usize,
    slots: &mut Slots,
    made: &[u64],
    paddr: u64,
) -> Result<usize, Why> {
    let (index, skip) = plan::device_page(untypeds, made, paddr)
        .ok_or(Why::Missing("device memory at the board's address"))?;
    let root = sel4::init_thread::slot::CNODE.cap().absolute_self();
    let untyped = cap::<cap_type::Untyped>(first_untyped + index);
    for bits in skip {
        let skipped = slots.take(1)?.start;
        untyped.untyped_retype(&ObjectBlueprint::Untyped { size_bits: bits.into() }, &root, skipped, 1)?;
    }
    let slot = slots.take(1)?.start;
    untyped.untyped_retype(&sel4::FrameObjectType::GRANULE.blueprint(), &root, slot, 1)?;
    Ok(slot)
}
