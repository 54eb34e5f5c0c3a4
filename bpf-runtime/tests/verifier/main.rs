//! What the verifier accepts, and what it refuses for which reason. Each case is a name, a program for the timer
//! hook with the maps of [`common::MAPS`], and the reason's sentence; none: it is accepted.
#[path = "../common/mod.rs"]
mod common;

mod accepted;
mod calls;
mod control;
mod encoding;
mod ids;
mod joins;
mod limits;
mod loops;
mod map_kinds;
mod memory;
mod numbers;
mod packets;
mod pointers;
mod records;
mod sockets;

use bpf_runtime::hook::Hook;
use common::{assemble, check_on, timer};

/// A name, a program, and why it is refused, if it is.
type Case = (&'static str, &'static str, Option<&'static str>);

/// Checks all cases, and reports all that are not as expected.
fn all_as_expected(cases: &[Case]) {
    all_as_expected_on(timer(), cases);
}

fn all_as_expected_on(hook: &Hook, cases: &[Case]) {
    let mut wrong = vec![];
    for (name, program, expected) in cases {
        let result = check_on(hook, &assemble(program));
        let reason = result.as_ref().err().map(|refusal| refusal.reason.to_string());
        if reason.as_deref() != *expected {
            let log = result.err().map_or("accepted".to_owned(), |refusal| refusal.to_string());
            wrong.push(format!("{name}: expected {expected:?}, but: {log}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
