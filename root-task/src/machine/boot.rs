//! Boot, as phases: plan, objects, devices, services, start.

use core::fmt::{self, Write};

use alloc::vec::Vec;
use cell::ledger::Ledger;
use report::{Report, State, clock::Clock, events::Writer};
use root_task::{
    elf,
    plan::{self, Untyped},
};
use sel4::{BootInfoPtr, KERNEL, ObjectBlueprint};
use shm::Shm;
use system::{ROOT, SYSTEM, render};

use super::{
    arch,
    cells::Cells,
    console,
    devices::Devices,
    error::{At, Error, Why},
    guard::Guard,
    memory::{self, Shared},
    objects::{Pool, Slots, at, cap},
    parts,
    quota::Quota,
    spawn::Unit,
    supervise::{Parts, System},
    vspace::{PAGING, Window},
};

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Maps shared memory for the root task itself.
fn share(
    window: &mut Window,
    shared: &Shared,
    of: &'static str,
    name: &'static str,
) -> Result<Shm<'static>, Error> {
    shared.memory(of, name).and_then(|frames| window.share(frames)).at(ROOT, "map shared memory")
}

/// Builds and starts everything.
///
/// # Errors
/// The first step that failed.
pub fn boot(bootinfo: &BootInfoPtr, entered: u64) -> Result<System, Error> {
    let info = bootinfo.get();
    let untypeds: Vec<Untyped> = info
        .untyped_list()
        .iter()
        .map(|u| Untyped { paddr: u.paddr(), bits: u.size_bits() as u8, device: u.is_device() })
        .collect();
    let first_untyped = info.untyped().range().start;
    let mut slots = Slots::new(info.empty().range());

    let devices = Devices::make(info, &untypeds, first_untyped, &mut slots).at(ROOT, "make device pages")?;
    let programs = programs()?;
    let cell = program("cell")?;
    let (mut own, pools, touched) =
        pools(&untypeds, first_untyped, &programs, parts::pages(&cell), &mut slots)?;
    let threads = slots.take(memory::THREADS).at(ROOT, "slots")?;
    // The larger objects first: see `Pool::make`.
    let table = slots.take(1).at(ROOT, "slots")?.start;
    let kind = arch::table(arch::LEVELS).at(ROOT, "page table")?;
    own.make(kind.blueprint(), table..table + 1).at(ROOT, "make page table")?;
    let text = parts::frames(&cell, &mut own, &mut slots).at(ROOT, "make the cells' program")?;
    let mut shared =
        Shared::make(&mut own, &mut slots, threads.clone(), devices).at(ROOT, "make shared objects")?;
    let mut window = Window::open(table).at(ROOT, "open window")?;
    let report = Report::new(share(&mut window, &shared, ROOT, "report")?);
    let no_room = |_| Why::Missing("room for an event");
    let events = Writer::new(share(&mut window, &shared, ROOT, "events")?).map_err(no_room);
    let events = events.at(ROOT, "open log of events")?;
    start_console(&mut window, &shared, bootinfo, entered)?;
    log::info!("hypOS {} on {KERNEL}, {}", env!("CARGO_PKG_VERSION"), platform::PLATFORM.name);

    shared.make_devices(&mut slots).at(ROOT, "make devices")?;
    let table = share(&mut window, &shared, ROOT, "table")?;
    let guard = Guard::new(report::cells::Cells(share(&mut window, &shared, ROOT, "cells")?));
    let ledger = Ledger(share(&mut window, &shared, "agent", "ledger")?);
    let mut calls = Vec::new();
    for service in SYSTEM.services {
        calls.push(share(&mut window, &shared, service.name, "counters")?);
    }

    let quota = Quota::new(&untypeds, first_untyped, |index| touched.contains(&index));
    let image = info.user_image_frames().len() as u64 * 4096;
    let used = own.bytes() + pools.iter().map(Pool::bytes).sum::<u64>() + image;
    let total = untypeds.iter().filter(|u| !u.device).map(|u| 1 << u.bits).sum::<u64>() + image;
    publish_memory(&report, total, used);

    let mut units = Vec::new();
    for ((index, program), pool) in programs.into_iter().enumerate().zip(pools) {
        let service = &SYSTEM.services[index];
        let mut unit = Unit::new(index, service, program, pool, &mut slots)?;
        unit.build(&shared, &mut window)?;
        let _ = report.set_service(index, service.name, service.priority, unit.domain.pool.bytes());
        let _ = report.set_state(index, State::Starting, 0, 0);
        units.push(unit);
    }
    give_up(&untypeds, first_untyped)?;
    for unit in &units {
        log::info!("start {}: {}", unit.service.name, render::Caps(unit.service));
        log::info!("  {}", render::Memory(unit.service));
        unit.start()?;
    }
    let slot = slots.take(1).at(ROOT, "slots")?.start;
    let pokes = slots.take(SYSTEM.services.len()).at(ROOT, "slots")?;
    let parts = parts::Parts::new(cell, text, &mut window).at(ROOT, "fill the cells' program")?;
    let cells = Cells::new(parts, ledger, quota, (&mut own, slots)).at(ROOT, "prepare cells")?;
    System::new(Parts {
        units,
        shared,
        window,
        report,
        events,
        calls,
        cells,
        table,
        guard,
        pokes,
        threads,
        slot,
        entered,
        hz: arch::frequency(bootinfo),
    })
}

/// The program of each service, in the table's order.
fn programs() -> Result<Vec<elf::Program<'static>>, Error> {
    SYSTEM.services.iter().map(|service| program(service.name)).collect()
}

fn program(name: &'static str) -> Result<elf::Program<'static>, Error> {
    let (_, bytes) = PROGRAMS
        .iter()
        .find(|(its, _)| *its == name)
        .ok_or(Why::Missing("program of this name in the image"))
        .at(name, "find program")?;
    elf::parse(bytes, arch::MACHINE).at(name, "read program")
}

/// Cuts the untypeds: the root task's own pool, with so many pages for what cells share, and one for each service. Gives
/// also which untypeds were cut.
fn pools(
    untypeds: &[Untyped],
    first_untyped: usize,
    programs: &[elf::Program<'_>],
    cells: u64,
    slots: &mut Slots,
) -> Result<(Pool, Vec<Pool>, Vec<usize>), Error> {
    let mut demands: Vec<(usize, u64)> = programs
        .iter()
        .zip(SYSTEM.services)
        .map(|(program, service)| plan::service_pages(program, service, PAGING))
        .enumerate()
        .collect();
    demands.push((programs.len(), memory::pages() + cells));
    let pieces = plan::cut(untypeds, &demands).map_err(|e| Error {
        who: SYSTEM.services.get(e.owner).map_or(ROOT, |service| service.name),
        step: "plan",
        why: e.into(),
    })?;
    let mut pools: Vec<Pool> = demands.iter().map(|_| Pool::default()).collect();
    let root = sel4::init_thread::slot::CNODE.cap().absolute_self();
    let mut touched = Vec::new();
    for piece in pieces {
        touched.push(piece.from);
        let slot = slots.take(1).at(ROOT, "slots")?.start;
        cap::<sel4::cap_type::Untyped>(first_untyped + piece.from)
            .untyped_retype(&ObjectBlueprint::Untyped { size_bits: piece.bits.into() }, &root, slot, 1)
            .at(ROOT, "cut untyped")?;
        pools[piece.owner].add(slot, piece.bits);
    }
    let own = pools.pop().at(ROOT, "plan")?;
    Ok((own, pools, touched))
}

fn start_console(
    window: &mut Window,
    shared: &Shared,
    bootinfo: &BootInfoPtr,
    entered: u64,
) -> Result<(), Error> {
    let unreadable = |_| Why::Missing("clock page");
    let clock = Clock::new(share(window, shared, "timer", "clock")?).map_err(unreadable).at(ROOT, "clock")?;
    clock.start(arch::frequency(bootinfo), entered);
    let ring = share(window, shared, ROOT, "log")?;
    let signal = shared.notification_of("serial").at(ROOT, "find the console's driver")?;
    // The driver looks at all rings for any signal: the unbadged capability will do.
    console::use_ring(ring, clock, signal);
    Ok(())
}

/// The capability table as text, for the agent: its length, then the lines from byte 8 on. To be done when nobody waits.
pub fn publish_table(memory: Shm<'_>) {
    struct Text<'a> {
        memory: Shm<'a>,
        len: usize,
    }
    impl Write for Text<'_> {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            self.memory.write(8 + self.len, s.as_bytes()).map_err(|_| fmt::Error)?;
            self.len += s.len();
            Ok(())
        }
    }
    let mut text = Text { memory, len: 0 };
    if render::text(&SYSTEM, &mut text).is_err() {
        log::warn!("the capability table is longer than its memory; hypctl caps shows a part");
    }
    let _ = memory.store(0, 4, text.len as u64);
}

fn publish_memory(report: &Report<'_>, total: u64, used: u64) {
    // The page has room for these by its layout.
    let _ = report.set_memory(total, used);
    let _ = report.set_kernel(KERNEL);
}

/// From here on the root task can restart services, and nothing more: what it does not need for that goes.
fn give_up(untypeds: &[Untyped], first_untyped: usize) -> Result<(), Error> {
    for slot in arch::gives_up() {
        slot.delete().at(ROOT, "give up")?;
    }
    for (index, _) in untypeds.iter().enumerate().filter(|(_, u)| u.device) {
        at(first_untyped + index).delete().at(ROOT, "give up device memory")?;
    }
    Ok(())
}
