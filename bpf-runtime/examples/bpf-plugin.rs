//! A plugin for the public runner `bpf_conformance`: runs a program and prints r0.
//!
//! Standard input: the program as hex. Last argument, if any: the memory that r1 points to, as hex; r2 holds
//! its length. `--jit`: compile the program instead of interpreting it, with all checks. The program is not verified:
//! the suite's cases test the instruction set.
#[path = "../tests/compiled/native.rs"]
mod native;

use std::io::Read;

use bpf_runtime::{
    interp::{Env, Program, run_with_memory},
    isa::{INSN_BYTES, Insn},
    jit::{Checks, HelperFn, Options, Region, Run, STACK_BYTES},
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

fn interpret(code: &[Insn], memory: &mut [u8]) -> Result<u64, String> {
    let program = Program::new(code).map_err(|error| error.to_string())?;
    let outcome = run_with_memory(&program, memory, &[], &mut Host, FUEL);
    outcome.map(|outcome| outcome.r0).map_err(|trap| trap.to_string())
}

fn compile_and_run(code: &[Insn], memory: &mut [u8]) -> Result<u64, String> {
    unsafe extern "C" fn random(_: u64, _: u64, _: u64, _: u64, _: u64, _: &mut Run) -> u64 {
        Host.random_u32().into()
    }
    unsafe extern "C" fn zero(_: u64, _: u64, _: u64, _: u64, _: u64, _: &mut Run) -> u64 {
        0
    }
    let mut helpers: [Option<HelperFn>; 9] = [None; 9];
    helpers[5] = Some(zero);
    helpers[7] = Some(random);
    helpers[8] = Some(zero);
    let mut stack = [0_u128; STACK_BYTES / 16];
    let stack = stack.as_mut_ptr() as u64;
    let regions = [Region::new(stack, STACK_BYTES as u64, true)];
    let (base, len) = (memory.as_mut_ptr() as u64, memory.len() as u64);
    let mut run = Run::new(stack, &helpers, &regions);
    run.first = Region::new(base, len, true);
    run.arguments = [base, len, 0, 0, 0];
    run.fuel = FUEL;
    let options = Options { checks: Checks::All, fuel: true };
    let native = native::Native::new(code, &[], options).map_err(|error| error.to_string())?;
    // SAFETY: stack, memory and helpers live until the end of this function, and all is checked.
    let r0 = unsafe { native.run(&mut run) };
    run.trap().map_or(Ok(r0), |(trap, at)| Err(format!("instruction {at}: {trap:?}")))
}

fn main() -> Result<(), String> {
    let (options, memory): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let jit = match options.as_slice() {
        [] => false,
        [option] if option == "--jit" => true,
        _ => return Err(format!("what is {}? usage: bpf-plugin [--jit] [MEMORY]", options.join(" "))),
    };
    let mut memory = hex(&memory.concat())?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    let code: Vec<Insn> = hex(&text)?
        .chunks(INSN_BYTES)
        .map(|slot| slot.try_into().map(Insn::from_bytes))
        .collect::<Result<_, _>>()
        .map_err(|_| format!("the program's length is no multiple of {INSN_BYTES}"))?;
    let r0 = if jit { compile_and_run(&code, &mut memory) } else { interpret(&code, &mut memory) }?;
    println!("{r0:x}");
    Ok(())
}
