//! Instructions that no program may execute, jumps, code that is data.

use anyhow::{Result, ensure};

use crate::{
    memory::Grants,
    native,
    order::{Kind, Order, Range, SEALED},
    scene::Scene,
    table::{Row, check, rows},
};

const PAGE: u64 = 4096;
const STACK_END: u64 = caps::standard::STACK_TOP - cell::STACK_PAGES * PAGE;

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
    let far = [
        ("null", 0),
        ("where nothing is", 0x5000_0000),
        ("the kernel", 0xffff_ffff_8070_0000),
        ("an address that is none", 1 << 60),
        ("the root task's window", 0x2000_0000),
    ];
    table.extend(places(&mut scene, Kind::Jump, "jump to", &far)?);
    let own = [("stack", STACK_END + 64), ("counts", cell::OUT.vaddr + 4000), ("map", SEALED - 64)];
    table.extend(places(&mut scene, Kind::RunData, "code written to its own", &own)?);

    let sealed: Vec<_> =
        Grants::new()?.0.iter().filter(|(_, writable)| !writable).map(|(region, _)| *region).collect();
    let pages = sealed.iter().map(|region| Range { start: region.vaddr, step: PAGE, count: region.pages });
    let order = Order::at(Kind::Write, &pages.collect::<Vec<_>>());
    let outcomes = scene.each(&order)?;
    ensure!(outcomes.iter().all(|outcome| outcome == "VmFault: write to a read-only page"), "{outcomes:?}");
    let what = "writes to its code, to the cells' program, to the clock, to a read-only map";
    table.push(Row::native(what, 0, outcomes[0].clone()));

    let outcome = scene.attack_until(&Order::times(Kind::Overflow, 1), |program| program["faults"] != 0)?;
    let expected = format!("VmFault: write to an unmapped page, address {:#x},", STACK_END - 8);
    ensure!(outcome.stops[0].starts_with(&expected), "{:?}", outcome.stops);
    table.push(Row::native(
        "its stack overflows",
        1,
        "VmFault: write to an unmapped page, the guard below it",
    ));
    scene.end()?;
    check("execution", &table)
}
