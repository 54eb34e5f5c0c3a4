//! What it costs to make a program ready: nanoseconds for each instruction of one that has a thousand.
use std::fmt::Write;

use anyhow::{Error, Result};
use bpf_runtime::{
    interp::Program,
    isa::Insn,
    jit::{Checks, Options, Target, compile},
};

use crate::{
    asm::assemble,
    clock::{median, now},
    measure::ROUNDS,
    peers::{Rbpf, Solana, bytes},
};

/// Instructions of the program.
pub const INSTRUCTIONS: usize = 1000;
/// rbpf's code has to fit a page.
pub const RBPF_INSTRUCTIONS: usize = 500;
/// Runs that are timed together.
const BATCH: usize = 20;

/// What is measured; the first two have a limit.
pub const WAYS: [&str; 5] = [
    "hypOS JIT, proven",
    "hypOS JIT, checks and fuel",
    "hypOS interpreter's preparation",
    "rbpf JIT",
    "solana-sbpf JIT",
];

/// Prepares its program once.
pub type Way<'w> = Box<dyn FnMut() -> Result<()> + 'w>;

/// Arithmetic, the stack and short jumps, in equal parts.
fn program(instructions: usize) -> Vec<Insn> {
    let mut text = String::from("r0 = 0\n");
    for n in 1..instructions - 1 {
        let (a, b, place) = (n % 10, (n / 3) % 10, 8 + 8 * (n % 60));
        let _ = match n % 8 {
            0 => writeln!(text, "r{a} += {n}"),
            1 => writeln!(text, "r{a} ^= r{b}"),
            2 => writeln!(text, "*(u64 *)(r10 - {place}) = r{a}"),
            3 => writeln!(text, "r{a} = *(u32 *)(r10 - {place})"),
            // The program's exit is further than this from the last one.
            4 if n + 4 < instructions => writeln!(text, "if r{a} > {n} goto +2"),
            5 => writeln!(text, "r{a} <<= 3"),
            6 => writeln!(text, "r{a} *= r{b}"),
            _ => writeln!(text, "r{a} = r{b}"),
        };
    }
    assemble(&(text + "exit"))
}

/// Instructions of the program that a way prepares.
pub fn instructions(way: &str) -> usize {
    if way == "rbpf JIT" { RBPF_INSTRUCTIONS } else { INSTRUCTIONS }
}

/// Has the ways used: the instructions that each prepares, and how it does.
pub fn with_ways<T>(used: impl FnOnce(&mut [(usize, Way<'_>); WAYS.len()]) -> Result<T>) -> Result<T> {
    let (code, short) = (program(INSTRUCTIONS), program(RBPF_INSTRUCTIONS));
    let (theirs, shorter) = (bytes(&code), bytes(&short));
    let mut rbpf = Rbpf::new(&shorter, false)?;
    let mut solana = Solana::new(&theirs, vec![0; 64].leak())?;
    let mut out = vec![0; 64 * INSTRUCTIONS];
    let mut other = out.clone();
    let ours = |checks, fuel, out: &mut [u8]| {
        compile(Target::X86_64, &code, &[], Options { checks, fuel }, out).map(drop).map_err(Error::msg)
    };
    used(&mut [
        (INSTRUCTIONS, Box::new(|| ours(Checks::Verified, false, &mut out))),
        (INSTRUCTIONS, Box::new(|| ours(Checks::All, true, &mut other))),
        (INSTRUCTIONS, Box::new(|| Program::new(&code).map(drop).map_err(Error::msg))),
        (RBPF_INSTRUCTIONS, Box::new(|| rbpf.compile())),
        (INSTRUCTIONS, Box::new(|| solana.compile())),
    ])
}

/// Nanoseconds for each instruction, in the order of [`WAYS`].
pub fn measure() -> Result<Vec<f64>> {
    with_ways(|ways| {
        let mut times = vec![vec![]; WAYS.len()];
        for round in 0..=ROUNDS {
            for ((instructions, way), times) in ways.iter_mut().zip(&mut times) {
                let start = now();
                (0..BATCH).try_for_each(|_| way())?;
                let ns = (now() - start) as f64 / (BATCH * *instructions) as f64;
                if round > 0 {
                    times.push(ns);
                }
            }
        }
        Ok(times.into_iter().map(median).collect())
    })
}
