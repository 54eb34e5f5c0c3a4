//! Instructions that no program may execute, jumps, code that is data.

use anyhow::{Result, ensure};
use caps::standard;

use crate::{
    machine::Machine,
    memory::Grants,
    native,
    order::{Kind, Order, Range, SEALED},
    scene::Scene,
    table::{Row, check, rows},
};

const PAGE: u64 = 4096;
const STACK_END: u64 = standard::STACK_TOP - cell::STACK_PAGES * PAGE;

/// What becomes of each of these places.
fn places(scene: &mut Scene, kind: Kind, what: &str, places: &[(&str, u64)]) -> Result<Vec<Row>> {
    let ranges: Vec<_> = places.iter().map(|(_, at)| Range::one(*at)).collect();
    let outcomes = scene.each(&Order::at(kind, &ranges))?;
    Ok(rows(places.iter().map(|(name, _)| format!("{what} {name}")).collect(), outcomes))
}

#[test]
fn instructions_jumps_and_data_as_code() -> Result<()> {
    let mut scene = Scene::new()?;
    let names = native::instructions()?;
    let outcomes = scene.each(&Order::times(Kind::Instruction, names.len() as u64))?;
    let mut table = rows(names, outcomes);
    let machine = Machine::get();
    let far = [
        ("null", 0),
        ("where nothing is", 0x5000_0000),
        ("the kernel", machine.kernel_place()),
        ("an address that is none", 1 << 60),
        ("the root task's window", 0x2000_0000),
    ];
    table.extend(places(&mut scene, Kind::Jump, "jump to", &far)?);
    table.extend(data_as_code(&mut scene)?);

    let sealed: Vec<_> =
        Grants::new()?.0.iter().filter(|(_, writable)| !writable).map(|(region, _)| *region).collect();
    let pages = sealed.iter().map(|region| Range { start: region.vaddr, step: PAGE, count: region.pages });
    let order = Order::at(Kind::Write, &pages.collect::<Vec<_>>());
    let outcomes = scene.each(&order)?;
    let write = |stop: &String| stop.starts_with("VmFault: write to ") && *stop == outcomes[0];
    ensure!(outcomes.iter().all(write), "{outcomes:?}");
    let what = "writes to its code, to the cells' program, to the clock, to a read-only map";
    table.push(Row::native(what, 0, outcomes[0].clone()));

    table.push(overflow(&mut scene)?);
    scene.end()?;
    check("execution", &table)
}

/// Its own data, and what it may only read: executed where the machine can't tell code from data, and nowhere else.
fn data_as_code(scene: &mut Scene) -> Result<Vec<Row>> {
    let own = [("stack", STACK_END + 64), ("counts", cell::OUT.vaddr + 4000), ("map", SEALED - 64)];
    let mut table = places(scene, Kind::RunData, "code written to its own", &own)?;
    if Machine::get().executes_data {
        ensure!(table.len() == 1 && table[0].outcome == "goes on", "{table:?}");
        return Ok(table);
    }
    let read_only = [("the clock", standard::CLOCK.vaddr), ("a read-only map", SEALED)];
    table.extend(places(scene, Kind::Jump, "jump to", &read_only)?);
    let fetch = |row: &Row| row.outcome.starts_with("VmFault: instruction fetch from a page that is not ");
    ensure!(table.iter().all(fetch), "{table:?}");
    Ok(table)
}

/// It goes on pushing until it meets the guard below its stack.
fn overflow(scene: &mut Scene) -> Result<Row> {
    let outcome = scene.attack_until(&Order::times(Kind::Overflow, 1), |program| program["faults"] != 0)?;
    let (bytes, below) = Machine::get().push;
    let stop = &outcome.stops[0];
    let address = stop.split("address 0x").nth(1).and_then(|rest| rest.split(',').next());
    let address = address.and_then(|hex| u64::from_str_radix(hex, 16).ok());
    let first = STACK_END - bytes..=STACK_END - below;
    ensure!(
        stop.starts_with("VmFault: write to ") && address.is_some_and(|at| first.contains(&at)),
        "{stop}"
    );
    let became = stop.split(", ").next().unwrap_or_default();
    Ok(Row::native("its stack overflows", 1, format!("{became}, the guard below it")))
}
