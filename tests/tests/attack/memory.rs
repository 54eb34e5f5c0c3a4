//! Reading and writing every page outside the grants.

use std::fs;

use anyhow::{Context, Result, ensure};
use caps::{Region, standard};
use hypos_tests::tools;
use object::{Object, ObjectSegment, SegmentFlags, elf};

use crate::{
    machine::Machine,
    order::{Kind, Order, Range, SEALED},
    outcome::{BEGUN, SURVIVED},
    scene::Scene,
    table::{Row, check},
};

const PAGE: u64 = Region::PAGE;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Pages that a cell maps, from its program and what the documents say of it: whether it may write there.
pub struct Grants(pub Vec<(Region, bool)>);

impl Grants {
    pub fn new() -> Result<Self> {
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
            (Region::at(cell::MAPS.vaddr, (SEALED - cell::MAPS.vaddr) / PAGE), true),
            (Region::at(SEALED, 1), false),
        ]);
        Ok(Self(pages))
    }

    /// Start and end of what it may write.
    fn writable(&self) -> Vec<u64> {
        let writable = self.0.iter().filter(|(_, writable)| *writable);
        writable.flat_map(|(region, _)| [region.vaddr, region.end()]).collect()
    }

    fn has(&self, address: u64, to_write: bool) -> bool {
        self.0.iter().any(|(region, writable)| {
            (region.vaddr..region.end()).contains(&address) && (*writable || !to_write)
        })
    }
}

/// What is walked, and how densely; `every` pages of what is walked page by page.
fn walks(every: u64) -> Vec<(String, Vec<Range>)> {
    let pages =
        |start: u64, end: u64| Range { start, step: every * PAGE, count: (end - start) / PAGE / every };
    let machine = Machine::get();
    let (step, sparse) = machine.sparse;
    let page = if every == 1 { "each page".to_owned() } else { format!("one in {every} pages") };
    vec![
        (
            format!("{page} from 4 to 6 MiB, where all programs lie; null"),
            vec![Range::one(0), pages(4 * MIB, 6 * MIB)],
        ),
        (
            format!(
                "{page} where stacks, images, maps, logs, hooks, clock, ledger of all cells and services lie"
            ),
            vec![pages(0x1000_0000, 0x1049_0000)],
        ),
        (
            "the root task's window, one in 16 pages".into(),
            vec![every_so_often(0x2000_0000, 0x2020_0000, 16 * PAGE)],
        ),
        ("all below 4 GiB, a page in 16 MiB".into(), vec![every_so_often(0xf_f000, 4 * GIB, 16 * MIB)]),
        (
            format!("what programs could have from 4 GiB on, a page in {sparse}"),
            vec![every_so_often(4 * GIB, machine.user_end, step), Range::one(machine.user_end - PAGE)],
        ),
        (
            format!("the kernel's memory, a page in {sparse}; its image, one in 256 KiB"),
            machine.kernel.to_vec(),
        ),
    ]
}

fn every_so_often(start: u64, end: u64, step: u64) -> Range {
    Range { start, step, count: (end - start).div_ceil(step) }
}

/// Walks ranges; all but the granted pages must fault, one by one.
fn walk(scene: &mut Scene, ranges: &[Range], kind: Kind) -> Result<u64> {
    let grants = Grants::new()?;
    let to_write = matches!(kind, Kind::Write);
    let places: Vec<_> = ranges.iter().flat_map(|range| range.places()).collect();
    let outcome = scene.attack(&Order::at(kind, ranges).args(&grants.writable()))?;
    let mut faults = 0;
    for (place, became) in places.iter().zip(&outcome.log) {
        let granted = grants.has(*place, to_write);
        ensure!(*became == if granted { SURVIVED } else { BEGUN }, "{place:#x}: {became}, granted {granted}");
        faults += u64::from(!granted);
    }
    // On a machine that stands still for long the watchdog may stop it besides.
    ensure!(outcome.faults >= faults, "{} faults at {faults} pages", outcome.faults);
    // The last ones are still written down.
    let last = places.iter().rev().filter(|place| !grants.has(**place, to_write)).take(8);
    for (place, stop) in last.zip(outcome.stops.iter().rev()) {
        let address = format!("address {:#x},", place & Machine::get().told);
        let access = if to_write { "VmFault: write to " } else { "VmFault: read of " };
        ensure!(stop.starts_with(access) && stop.contains(&address), "{place:#x}: {stop}");
    }
    Ok(places.len() as u64)
}

/// Addresses that are none.
fn no_addresses(scene: &mut Scene, kind: Kind) -> Result<Row> {
    let Machine { none, none_stop, .. } = Machine::get();
    let outcome = scene.attack(&Order::at(kind, &[*none]))?;
    let count = none.count as usize;
    ensure!(outcome.faults >= none.count && outcome.log[..count].iter().all(|became| *became == BEGUN));
    ensure!(outcome.stops.iter().all(|stop| stop.starts_with(none_stop)), "{:?}", outcome.stops);
    let fault = none_stop.split(':').next().unwrap_or_default();
    Ok(Row::native("addresses that are none", none.count, format!("{fault}; stopped")))
}

const fn verb(kind: Kind) -> &'static str {
    if matches!(kind, Kind::Write) { "writes to" } else { "reads" }
}

fn walk_all(kind: Kind, every: u64) -> Result<Vec<Row>> {
    let mut scene = Scene::new()?;
    let mut rows = Vec::new();
    for (what, ranges) in walks(every) {
        let count = walk(&mut scene, &ranges, kind).with_context(|| format!("{} {what}", verb(kind)))?;
        rows.push(Row::native(what, count, "VmFault at each but its own; stopped"));
    }
    rows.push(no_addresses(&mut scene, kind)?);
    scene.end()?;
    Ok(rows)
}

#[test]
fn pages_outside_the_grants_are_not_read() -> Result<()> {
    check("reads", &walk_all(Kind::Read, 1)?)
}

#[test]
fn pages_outside_the_grants_and_read_only_ones_are_not_written() -> Result<()> {
    check("writes", &walk_all(Kind::Write, 8)?)
}
