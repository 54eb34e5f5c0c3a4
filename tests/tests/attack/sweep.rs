//! Jumps into the code that a cell may execute: the program that all cells share, and its own.
//!
//! What such a jump does depends on what lies there: it may fault, never come back, send to either of its capabilities, answer
//! its event or lose it, change what its own cell knows. So what is asserted is what holds for all of that: each attempt is
//! made, and after it everybody else is as before.

use anyhow::{Result, ensure};
use object::{Object, ObjectSegment, SegmentFlags, elf};

use crate::{
    machine::Machine,
    native,
    order::{Kind, Order, Range},
    outcome::BEGUN,
    scene::Scene,
    table::{Row, check},
};

/// Jumps into each of the two unless `HYPOS_SWEEP` is set: then every place where an instruction can be.
const SAMPLES: u64 = 256;
/// Jumps between two looks at everybody.
const AT_A_TIME: u64 = 1024;

/// Places in a region: all, or as many as are sampled, one behind another by an odd number of instructions.
fn places(start: u64, bytes: u64) -> Range {
    let all = bytes / Machine::get().instruction_bytes;
    let every = if std::env::var_os("HYPOS_SWEEP").is_some() { 1 } else { all.div_ceil(SAMPLES) | 1 };
    Range { start, step: every * Machine::get().instruction_bytes, count: all / every }
}

/// Jumps there, so many at a time; gives how many did not come back.
fn sweep(scene: &mut Scene, all: Range, what: &str) -> Result<Row> {
    let mut stopped = 0;
    for first in (0..all.count).step_by(AT_A_TIME as usize) {
        let count = AT_A_TIME.min(all.count - first);
        let part = Range { start: all.start + first * all.step, count, ..all };
        let order = Order::at(Kind::Jump, &[part]);
        // Whether each was made says its last word: an answer may come of a jump.
        let outcome = scene.carry_out(&order, |scene, _| Ok(scene.order()?[3] != 0))?;
        let made = &outcome.log[..count as usize];
        let missing = made.iter().position(|became| *became == 0);
        ensure!(missing.is_none(), "{what}: jump {missing:?} of {part:?} was not made");
        stopped += made.iter().filter(|became| **became == BEGUN).count();
    }
    eprintln!("{what}: {} jumps, {stopped} did not come back", all.count);
    Ok(Row::native(what, 0, "stopped, or goes on"))
}

#[test]
fn jumps_into_all_that_it_may_execute() -> Result<()> {
    let mut scene = Scene::new()?;
    let file = std::fs::read(crate::scene::images().join("services/cell.elf"))?;
    let program = object::File::parse(&*file)?;
    let executable =
        |flags| matches!(flags, SegmentFlags::Elf { p_flags, .. } if p_flags.0 & elf::PF_X.0 != 0);
    let mut table = Vec::new();
    for segment in program.segments().filter(|segment| executable(segment.flags())) {
        let all = places(segment.address(), segment.size());
        table.push(sweep(&mut scene, all, "jumps all over the program that all cells run")?);
    }
    let own = places(cell::IMAGE.vaddr + cell::image::CODE as u64, native::code()?.len() as u64 * 8);
    table.push(sweep(&mut scene, own, "jumps all over its own code")?);
    scene.end_of_victim()?;
    check("jumps", &table)
}
