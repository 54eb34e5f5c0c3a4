//! A plugin for the public runner `bpf_conformance`: runs a program and prints r0.
//!
//! Standard input: the program as hex. First argument, if any: the memory that r1 points to, as hex; r2 holds
//! its length. The program is not verified: the suite's cases test the instruction set.
use std::io::Read;

use bpf_runtime::{
    interp::{Env, Program, run_with_memory},
    isa::{INSN_BYTES, Insn},
};

const FUEL: u64 = 10_000_000;

struct Host;

impl Env for Host {
    fn now_ns(&mut self) -> u64 {
        0
    }

    fn random_u32(&mut self) -> u32 {
        4
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        eprintln!("{}", String::from_utf8_lossy(text));
    }
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| {
        let pair = core::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    digits.chunks(2).map(byte).collect::<Option<_>>().ok_or_else(|| format!("not hex: {text:.40}"))
}

fn main() -> Result<(), String> {
    let mut memory = hex(&std::env::args().nth(1).unwrap_or_default())?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    let code: Vec<Insn> = hex(&text)?
        .chunks(INSN_BYTES)
        .map(|slot| slot.try_into().map(Insn::from_bytes))
        .collect::<Result<_, _>>()
        .map_err(|_| format!("the program's length is no multiple of {INSN_BYTES}"))?;
    let program = Program::new(&code).map_err(|error| error.to_string())?;
    let outcome =
        run_with_memory(&program, &mut memory, &[], &mut Host, FUEL).map_err(|trap| trap.to_string())?;
    println!("{:x}", outcome.r0);
    Ok(())
}
