//! Programs that do not end, flags that the kernel must not run with, answers that are none.

use anyhow::Result;
use serde_json::Value;

use crate::{
    order::{Kind, Order},
    scene::{Scene, short},
    table::{Row, check},
};

fn stopped(program: &Value) -> bool {
    program["faults"] != 0
}

/// An attack that has its cell stopped once.
fn once(scene: &mut Scene, order: &Order, what: &str) -> Result<Row> {
    let outcome = scene.attack_until(order, stopped)?;
    Ok(Row::native(what, 1, short(&outcome.stops[0])))
}

#[test]
fn programs_that_do_not_end() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut table = vec![once(&mut scene, &Order::times(Kind::Spin, 1), "never answers")?];
    for (then, what) in [(1, "answers, then goes on for ever"), (2, "answers again and again")] {
        table.push(once(&mut scene, &Order::times(Kind::ReplyThen, 1).args(&[0, 1, then]), what)?);
    }
    scene.end()?;
    check("time", &table)
}

#[test]
#[cfg(target_arch = "x86_64")]
fn flags_that_the_kernel_must_not_run_with() -> Result<()> {
    let mut scene = Scene::new()?;
    for (wait, what) in [(0, "then waits"), (1, "then makes system calls and is interrupted")] {
        for (flag, name) in ["NT", "DF", "AC", "NT, DF, AC"].into_iter().enumerate() {
            let order = Order::times(Kind::SetFlags, 1).args(&[1 - wait, flag as u64]);
            eprintln!("{name} {what}");
            let outcome = scene.attack_until(&order, |p| stopped(p) || p["runs"] != 0)?;
            eprintln!("{outcome:?}");
        }
    }
    scene.end()
}
