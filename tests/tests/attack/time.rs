//! Programs that do not end, and flags that the kernel must not run with.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    machine::{Flags, Machine},
    order::{Kind, Order},
    outcome::short,
    scene::Scene,
    table::{Row, check},
};

fn stopped(program: &Value) -> bool {
    program["faults"] != 0
}

/// An attack that has its cell stopped.
fn once(scene: &mut Scene, order: &Order, what: &str) -> Result<Row> {
    let outcome = scene.attack_until(order, stopped)?;
    Ok(Row::native(what, 1, short(&outcome.stops[0])))
}

#[test]
fn programs_that_do_not_end() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut table = vec![once(&mut scene, &Order::times(Kind::Spin, 1), "never answers")?];
    // No other event comes at which it would be missed.
    scene.period = "2s";
    for (then, what) in [(1, "answers, then goes on for ever"), (2, "answers again and again")] {
        let row = once(&mut scene, &Order::times(Kind::ReplyThen, 1).args(&[0, 1, then]), what)?;
        table.push(row);
    }
    scene.end()?;
    check("time", &table)
}

/// What came of it. A system that it has stopped makes place for another.
fn set_flags(scene: &mut Scene, order: &Order, works: bool) -> Result<String> {
    match scene.attack_until(order, |program| stopped(program) || program["runs"] != 0) {
        Ok(outcome) => {
            ensure!(works == outcome.stops.is_empty(), "{:?}", outcome.stops);
            Ok(outcome.stops.first().map_or("goes on".to_owned(), |stop| short(stop)))
        }
        Err(_) if scene.is_halted()? => {
            *scene = Scene::new()?;
            Ok("the system stops: the kernel halts".to_owned())
        }
        Err(error) => Err(error),
    }
}

#[test]
fn flags_that_the_kernel_must_not_run_with() -> Result<()> {
    if Machine::get().flags == Flags::None {
        return check("flags", &[]);
    }
    let mut scene = Scene::new()?;
    let mut table = Vec::new();
    for (works, what) in [(1, "makes system calls and is interrupted"), (0, "waits")] {
        for (flag, name) in ["NT", "DF", "AC", "NT, DF and AC"].into_iter().enumerate() {
            let order = Order::times(Kind::SetFlags, 1).args(&[works, flag as u64]);
            let became = set_flags(&mut scene, &order, works == 1)?;
            table.push(Row::native(format!("sets the flags {name}, then {what}"), 1, became));
        }
    }
    scene.end()?;
    check("flags", &table)
}
