//! Jumps into the code that a cell may execute: the program that all cells share, and its own.
//!
//! What such a jump does depends on what lies there: it may fault, never come back, send to either of its capabilities, answer
//! its event or lose it, change what its own cell knows. So what is asserted is what holds for all of that: each attempt is
//! made, and after it everybody else is as before.

use anyhow::{Result, bail, ensure};
use object::{Object, ObjectSegment, SegmentFlags, elf};
use serde_json::Value;

use crate::{
    machine::{Flags, Machine},
    native,
    order::{Kind, Order, Range},
    scene::Scene,
    table::{Row, check},
};

/// Jumps into each of the two unless `HYPOS_SWEEP` is set: then every place where an instruction can be.
const SAMPLES: u64 = 256;
/// Jumps between two looks at everybody, at most: fewer where a jump to what sets flags may halt the kernel, after which nothing
/// tells how many were made.
fn at_a_time() -> u64 {
    if Machine::get().flags == Flags::Kept { 32 } else { 1024 }
}

/// How often it may lose its way.
const ROUNDS: u32 = 64;

/// Places in a region: all, or as many as are sampled, one behind another by an odd number of instructions.
fn places(start: u64, bytes: u64) -> Range {
    let all = bytes / Machine::get().instruction_bytes;
    let every = if std::env::var_os("HYPOS_SWEEP").is_some() { 1 } else { all.div_ceil(SAMPLES) | 1 };
    Range { start, step: every * Machine::get().instruction_bytes, count: all / every }
}

/// Jumps there. A jump may change what the attacker knows, and so how far it believes to have come: if neither its log nor the
/// root task has seen half of the jumps, it goes on behind those that it surely made.
fn sweep(scene: &mut Scene, all: Range, what: &str) -> Result<Row> {
    let (mut stopped, mut rounds, mut halts) = (0, 0, 0);
    for start in (0..all.count).step_by(at_a_time() as usize) {
        let count = at_a_time().min(all.count - start);
        let part = Range { start: all.start + start * all.step, count, ..all };
        let mut first = 0;
        while first < count {
            let order = Order { attempts: (first, count), ..Order::at(Kind::Jump, &[part]) };
            let outcome = match scene.carry_out(&order, has_come_to_its_end) {
                Err(_) if Machine::get().flags == Flags::Kept && scene.is_halted()? => {
                    *scene = Scene::new()?;
                    halts += 1;
                    break;
                }
                outcome => outcome?,
            };
            let log = &outcome.log[first as usize..count as usize];
            let made = log.iter().filter(|became| **became != 0).count() as u64;
            // The first one was made, even if it wiped that out.
            let surely = log.iter().take_while(|became| **became != 0).count().max(1) as u64;
            first = if made.max(outcome.faults) >= (count - first) / 2 { count } else { first + surely };
            stopped += outcome.faults;
            rounds += 1;
            ensure!(rounds < ROUNDS, "{what}: {first} of {count} jumps in {rounds} rounds");
        }
    }
    eprintln!(
        "{what}: {} jumps in {rounds} rounds, its cell was stopped {stopped} times, the kernel halted {halts} times",
        all.count
    );
    let outcome = match Machine::get().flags {
        Flags::Kept => "stopped, or goes on, or the system stops: the kernel halts",
        Flags::None | Flags::Cleared => "stopped, or goes on",
    };
    Ok(Row::native(what, 0, outcome))
}

fn has_come_to_its_end(scene: &Scene, _: &Value) -> Result<bool> {
    let [_, next, end, ..] = scene.order()?[..] else { bail!("the order is short") };
    Ok(next >= end)
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
