//! The oracle on programs at random.
#[path = "../../tests/common/mod.rs"]
mod common;

use super::{Unit, oracle::run_accepted};
use common::{
    MAPS, World, assemble, calls, create_maps,
    generate::{Choice, context, program},
    hook, loops, map_memory, packets,
};

const PROGRAMS: u64 = 3_000;

fn all_hold(hook_name: &str, least: u64, program: impl Fn(&mut Choice<'_>) -> String) {
    let mut accepted = 0;
    for seed in 0..PROGRAMS {
        let mut choice = Choice::seeded(seed ^ 0xabcd_0000);
        let text = program(&mut choice);
        let contexts: Vec<_> = (0..6).map(|_| context(&mut choice)).collect();
        let code = assemble(&text);
        let unit = Unit { code: &code, hook: hook(hook_name), maps: &MAPS, lines: None };
        let memory = map_memory();
        match run_accepted(&unit, &contexts, &create_maps(&memory), &mut World::default()) {
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
    all_hold("timer", PROGRAMS / 10, |c| calls::program(c, false));
}

#[test]
fn registers_hold_what_the_verifier_saw_in_calls_with_packets() {
    all_hold("xdp", PROGRAMS / 10, |c| calls::program(c, true));
}
