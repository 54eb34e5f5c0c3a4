//! Reading and writing every page outside the grants.

use std::fs;

use anyhow::{Context, Result, ensure};
use caps::{Region, standard};
use hypos_tests::tools;
use object::{Object, ObjectSegment, SegmentFlags, elf};

use crate::{
    order::{FURTHER, Kind, Order, Range},
    scene::{BEGUN, SURVIVED, Scene},
    table::{Row, check},
};

const PAGE: u64 = Region::PAGE;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Pages that a cell maps, from its program and what the documents say of it: whether it may write there.
struct Grants(Vec<(Region, bool)>);

impl Grants {
    fn new() -> Result<Self> {
        let file = fs::read(tools::images().join("services/cell.elf"))?;
        let program = object::File::parse(&*file)?;
        let mut pages: Vec<_> = program
            .segments()
            .map(|segment| {
                let writable =
                    matches!(segment.flags(), SegmentFlags::Elf { p_flags, .. } if p_flags.0 & elf::PF_W.0 != 0);
                let first = segment.address() / PAGE * PAGE;
                let pages = (segment.address() + segment.size()).div_ceil(PAGE) - first / PAGE;
                (Region::at(first, pages), writable)
            })
            .collect();
        let code = crate::native::code()?.len() as u64 * 8 + cell::image::CODE as u64;
        pages.extend([
            (Region::at(standard::STACK_TOP - cell::STACK_PAGES * PAGE, cell::STACK_PAGES), true),
            (Region::at(cell::IMAGE.vaddr, code.div_ceil(PAGE)), false),
            (cell::OUT, true),
            (standard::CLOCK, false),
            (Region::at(cell::MAPS.vaddr, (FURTHER - cell::MAPS.vaddr) / PAGE), true),
        ]);
        Ok(Self(pages))
    }

    fn has(&self, address: u64, to_write: bool) -> bool {
        self.0.iter().any(|(region, writable)| {
            (region.vaddr..region.end()).contains(&address) && (*writable || !to_write)
        })
    }
}

/// What is walked, and how densely.
fn walks() -> Vec<(&'static str, Vec<Range>)> {
    vec![
        ("each page of the first 8 MiB, where all programs lie, from null on", vec![Range::pages(0, 8 * MIB)]),
        (
            "each page of the 8 MiB where stacks, images, maps, logs, hooks, clock and ledger of cells and services lie",
            vec![Range::pages(0x1000_0000, 0x1080_0000)],
        ),
        ("each page of the root task's window", vec![Range::pages(0x2000_0000, 0x2020_0000)]),
        (
            "one page in each 2 MiB below 4 GiB",
            vec![Range { start: 0xf_f000, step: 2 * MIB, count: 4 * GIB / (2 * MIB) }],
        ),
        ("addresses from 4 GiB to the end of what programs can have, one in 512 GiB", far()),
        ("the kernel's addresses, one in 512 GiB; its image, each 64 KiB", kernel()),
        ("addresses that are none", vec![Range { start: 1 << 47, step: 1 << 47, count: 2 * 65535 / 2 }].split_off(1)),
    ]
}

fn far() -> Vec<Range> {
    vec![Range { start: 4 * GIB, step: 512 * GIB, count: 255 }, Range::one((1 << 47) - 8)]
}

fn kernel() -> Vec<Range> {
    vec![
        Range { start: 0xffff_8000_0000_0000, step: 512 * GIB, count: 256 },
        Range { start: 0xffff_ffff_8000_0000, step: 64 << 10, count: 256 },
    ]
}

/// Walks ranges; all but the granted pages must fault, one by one.
fn walk(scene: &mut Scene, ranges: &[Range], kind: Kind) -> Result<u64> {
    let grants = Grants::new()?;
    let to_write = matches!(kind, Kind::Write);
    let places: Vec<_> = ranges.iter().flat_map(|range| range.places()).collect();
    let outcome = scene.attack(&Order::at(kind, ranges).args(&[1]))?;
    let mut faults = 0;
    for (place, became) in places.iter().zip(&outcome.log) {
        let granted = grants.has(*place, to_write);
        ensure!(*became == if granted { SURVIVED } else { BEGUN }, "{place:#x}: {became}, granted {granted}");
        faults += u64::from(!granted);
    }
    ensure!(outcome.faults == faults, "{} faults at {faults} pages", outcome.faults);
    // The last ones are still written down.
    let last = places.iter().rev().filter(|place| !grants.has(**place, to_write)).take(8);
    for (place, stop) in last.zip(outcome.stops.iter().rev()) {
        let address = format!("address {:#x},", place & 0xffff_ffff);
        ensure!(stop.starts_with("VmFault: ") && stop.contains(&address), "{place:#x}: {stop}");
    }
    Ok(places.len() as u64)
}

#[test]
fn pages_outside_the_grants() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut rows = Vec::new();
    for (what, ranges) in walks() {
        if ranges.is_empty() {
            continue;
        }
        let time = std::time::Instant::now();
        let count = walk(&mut scene, &ranges, Kind::Read).context(what)?;
        eprintln!("{what}: {count} in {:?}", time.elapsed());
        rows.push(Row::native(format!("reads {what}"), count, "VmFault at each but its own; stopped"));
    }
    scene.end()?;
    check("memory", &rows)
}
