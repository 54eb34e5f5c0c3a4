//! How long the verifier takes for loops, whatever the number of their turns.
use anyhow::{Context, Result, anyhow};
use bpf_runtime::{
    hook::HOOKS,
    map::{MapKind, MapSpec},
    verifier::{Limits, Unit, verify},
};

use crate::{
    asm::assemble,
    clock::{median, now},
    measure::ROUNDS,
};

/// Turns of the loops.
pub const TURNS: [u64; 3] = [100, 10_000, 1_000_000];
const GLOBALS: MapSpec =
    MapSpec { kind: MapKind::Array, key_size: 4, value_size: 64, max_entries: 1, flags: 0 };

/// A name, and a program that turns TURNS times.
const PROGRAMS: [(&str, &str); 8] = [
    ("counting up to <", "r0 = 0\nr2 = 0\nloop:\nr0 += r2\nr2 += 1\nif r2 < TURNS goto loop\nexit"),
    ("counting up to !=", "r0 = 0\nloop:\nr0 += 1\nif r0 != TURNS goto loop\nexit"),
    ("counting down", "r0 = TURNS\nloop:\nr0 += -1\nif r0 != 0 goto loop\nexit"),
    ("counting in 32 bits", "w0 = 0\nloop:\nw0 += 1\nif w0 != TURNS goto loop\nexit"),
    (
        "a bound from outside",
        "r3 = *(u64 *)(r1 + 0)\nr0 = 0\nif r3 > TURNS goto out\nr2 = 0\nloop:\nif r2 >= r3 goto out\nr0 += r2\nr2 += 1\ngoto loop\nout:\nexit",
    ),
    (
        "a masked index of a map's value",
        "r0 = 0\nr2 = 0\nr4 = map[0][0] + 0 ll\nloop:\nr3 = r2\nr3 &= 63\nr5 = r4\nr5 += r3\n*(u8 *)(r5 + 0) = r2\nr2 += 1\nif r2 != TURNS goto loop\nexit",
    ),
    (
        "nested, over the stack",
        "r0 = 0\nr2 = 0\nouter:\nr3 = r10\nr3 += -64\ninner:\n*(u64 *)(r3 + 0) = r2\nr3 += 8\nif r3 != r10 goto inner\nr2 += 1\nif r2 < TURNS goto outer\nexit",
    ),
    (
        "a branch in each turn, and a way out",
        "r0 = 0\nr2 = 0\nr4 = map[0][0] + 0 ll\nloop:\nr3 = r2\nr3 &= 7\nif r3 == 0 goto next\nr5 = *(u64 *)(r4 + 8)\nif r5 == 77 goto out\nr0 += r3\nnext:\nr2 += 1\nif r2 < TURNS goto loop\nout:\nexit",
    ),
];

/// A program's name, and the microseconds that its verification took for each of [`TURNS`].
pub type Row = (&'static str, Vec<f64>);

/// Verifies all.
pub fn measure() -> Result<Vec<Row>> {
    PROGRAMS.iter().map(|(name, text)| Ok((*name, one(text).with_context(|| (*name).to_owned())?))).collect()
}

fn one(text: &str) -> Result<Vec<f64>> {
    let hook = HOOKS.iter().find(|hook| hook.name == "timer").context("there is no timer hook")?;
    let verified = |turns: u64| {
        let code = assemble(&text.replace("TURNS", &turns.to_string()));
        let unit = Unit { code: &code, hook, maps: &[GLOBALS], lines: None };
        let mut times = vec![];
        for _ in 0..ROUNDS {
            let start = now();
            let summary =
                verify(&unit, &Limits::default()).map_err(|refusal| anyhow!("{turns}: {refusal}"))?;
            times.push((now() - start) as f64 / 1e3);
            summary.instruction_bound.with_context(|| format!("{turns} turns: no bound was proven"))?;
        }
        Ok(median(times))
    };
    TURNS.into_iter().map(verified).collect()
}
