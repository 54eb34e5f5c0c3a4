//! The oracle on programs at random.
#[path = "../../tests/common/mod.rs"]
mod common;

use super::{Unit, explore::Explorer, oracle::run_changed};
use common::{
    MAPS, World, assemble, calls, create_maps,
    generate::{Choice, context, program},
    hook, loops, map_memory, packets,
};

const PROGRAMS: u64 = 3_000;

fn all_hold(hook_name: &str, least: u64, program: impl Fn(&mut Choice<'_>) -> String) {
    all_hold_of(PROGRAMS, hook_name, least, program, |_| ());
}

fn all_hold_of(
    programs: u64,
    hook_name: &str,
    least: u64,
    program: impl Fn(&mut Choice<'_>) -> String,
    change: impl Fn(&mut Explorer<'_>),
) {
    let mut accepted = 0;
    for seed in 0..programs {
        let mut choice = Choice::seeded(seed ^ 0xabcd_0000);
        let text = program(&mut choice);
        let contexts: Vec<_> = (0..6).map(|_| context(&mut choice)).collect();
        let code = assemble(&text);
        let unit = Unit { code: &code, hook: hook(hook_name), maps: &MAPS, lines: None };
        let memory = map_memory();
        match run_changed(&unit, &contexts, &create_maps(&memory), &mut World::default(), &change) {
            Ok(fuel) => accepted += u64::from(fuel.is_some()),
            Err(wrong) => panic!("program {seed}: {wrong}\n{text}"),
        }
    }
    assert!(accepted > least, "{accepted} accepted");
}

#[test]
fn registers_hold_what_the_verifier_saw() {
    all_hold("timer", PROGRAMS / 15, program);
}

#[test]
fn registers_hold_what_the_verifier_saw_in_loops() {
    all_hold("timer", PROGRAMS / 10, loops::program);
}

#[test]
fn registers_hold_what_the_verifier_saw_in_packets() {
    all_hold("xdp", PROGRAMS / 10, packets::program);
}

#[test]
fn registers_hold_what_the_verifier_saw_in_calls() {
    all_hold_of(PROGRAMS / 2, "timer", PROGRAMS / 5, |c| calls::program(c, false), |_| ());
    all_hold_of(PROGRAMS / 4, "xdp", PROGRAMS / 10, |c| calls::program(c, true), |_| ());
}

/// What the analysis of what is live gets wrong makes no program accepted that should not be.
#[test]
fn registers_hold_what_the_verifier_saw_of_a_wrong_analysis() {
    let damage = |explorer: &mut Explorer<'_>| explorer.live.damage();
    all_hold_of(PROGRAMS / 4, "timer", PROGRAMS / 50, |c| calls::program(c, false), damage);
    all_hold_of(PROGRAMS / 4, "timer", PROGRAMS / 100, program, damage);
}
