//! Accepted programs at random give the same answer and the same memory in the interpreter, as compiled code and in
//! rbpf, on the part of the instruction set that rbpf does right.
#![cfg(target_arch = "x86_64")]
mod common;
mod compiled;
mod peer;

use bpf_runtime::isa::{Insn, disasm};
use common::{
    assemble, check,
    generate::{self, Choice},
    loops,
};

/// Longer runs are left out: rbpf knows no budget.
const LONGEST: u64 = 20_000;

/// Compares runs of those of the programs that are accepted; how many that are.
fn compared(programs: u64, program: impl Fn(&mut Choice) -> String) -> u64 {
    let mut accepted = 0;
    for seed in 0..programs {
        let mut c = Choice::seeded(seed);
        let code: Vec<Insn> =
            assemble(&peer::telling(&program(&mut c))).into_iter().map(peer::lowered).collect();
        let bound = check(&code).ok().and_then(|summary| summary.instruction_bound);
        let Some(bound) = bound.filter(|bound| *bound <= LONGEST) else { continue };
        accepted += 1;
        for _ in 0..3 {
            if let Err(wrong) = peer::compare(&code, &generate::context(&mut c), bound) {
                let lines: Vec<_> =
                    (0..code.len()).map(|at| format!("{at}: {}", disasm(&code, at))).collect();
                panic!("program {seed}: {wrong}\n{}", lines.join("\n"));
            }
        }
    }
    println!("{accepted} of {programs} accepted and compared");
    accepted
}

#[test]
fn programs() {
    let accepted = compared(2_000, generate::program);
    assert!((200..1_800).contains(&accepted), "{accepted} accepted");
}

#[test]
fn loops() {
    let accepted = compared(1_500, loops::program);
    assert!((100..900).contains(&accepted), "{accepted} accepted");
}
