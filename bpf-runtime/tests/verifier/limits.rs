//! Sizes, budgets, summaries, logs.
use bpf_runtime::{
    hook::{Field, Holds, Hook},
    isa::{Insn, MAX_INSNS},
    map::MapSpec,
    verifier::{Limits, Reason, Unit, verify},
};

use crate::common::{MAPS, assemble, check, timer};

fn with_limits(code: &[Insn], limits: &Limits) -> Result<u64, Reason> {
    let unit = Unit { code, hook: timer(), maps: &MAPS, lines: None };
    verify(&unit, limits).map(|summary| summary.steps).map_err(|refusal| refusal.reason)
}

#[test]
fn sizes_are_limited() {
    assert_eq!(check(&[]).unwrap_err().reason, Reason::Empty);
    let mut code = vec![assemble("r0 = 0")[0]; MAX_INSNS - 1];
    code.extend(assemble("exit"));
    assert_eq!(check(&code).unwrap().instruction_bound, Some(MAX_INSNS as u64));
    code.extend(assemble("exit"));
    assert_eq!(check(&code).unwrap_err().reason, Reason::TooLong(MAX_INSNS + 1));
    let many: Vec<MapSpec> = vec![MAPS[0]; 65];
    let unit = Unit { code: &assemble("r0 = 0\nexit"), hook: timer(), maps: &many, lines: None };
    assert_eq!(verify(&unit, &Limits::default()).unwrap_err().reason, Reason::TooManyMaps(65));
}

#[test]
fn steps_are_limited() {
    // A loop that does not count in equal steps is walked turn by turn, in seven eighths of the budget.
    let code = assemble("r0 = 1\nloop:\nr0 <<= 1\nif r0 < 1000000 goto loop\nr0 = 0\nexit");
    let limits = |steps| Limits { steps: Some(steps), ..Limits::default() };
    assert_eq!(with_limits(&code, &limits(49)), Ok(43));
    assert_eq!(with_limits(&assemble("r0 = 1\nr0 = 2\nexit"), &limits(2)), Err(Reason::Steps { budget: 2 }));
}

#[test]
fn memory_is_limited() {
    let branch = |n| {
        format!(
            "if r2 > {n} goto 0
r3 ^= r2
*(u64 *)(r10 - {}) = r3
",
            8 * (n % 60 + 1)
        )
    };
    let branches: Vec<String> = (0..400).map(branch).collect();
    let start = "r0 = 0
r2 = *(u64 *)(r1 + 0)
r3 = *(u64 *)(r1 + 8)
";
    let code = assemble(&format!("{start}{}exit", branches.concat()));
    let tight = Limits { memory_bytes: 1 << 17, ..Limits::default() };
    assert_eq!(with_limits(&code, &tight), Err(Reason::OutOfMemory));
    assert_eq!(
        with_limits(&assemble("r0 = 0\nexit"), &Limits { memory_bytes: 100, ..tight }),
        Err(Reason::OutOfMemory)
    );
}

#[test]
fn without_memory_for_kept_states_it_takes_longer_only() {
    let code = assemble(
        "r6 = 0\nloop:\nr0 = *(u8 *)(r1 + 0)\nif r0 > 5 goto skip\nr0 = 1\nskip:\nr6 += 1\nif r6 < 9 goto loop\nexit",
    );
    let needed = (0..1024)
        .map(|kib| kib << 10)
        .find(|&memory_bytes| with_limits(&code, &Limits { memory_bytes, steps: Some(1 << 20) }).is_ok());
    let tight = with_limits(&code, &Limits { memory_bytes: needed.unwrap(), steps: Some(1 << 20) }).unwrap();
    let ample = with_limits(&code, &Limits::default()).unwrap();
    assert!(tight >= ample, "{tight} {ample}");
}

#[test]
fn a_summary_says_what_was_proven() {
    let code = assemble(
        "r6 = *(u64 *)(r1 + 0)
        call ktime_get_ns
        if r6 > 5 goto short
        *(u64 *)(r10 - 16) = r0
        r1 = r10
        r1 += -16
        call sum
        short:
        r0 = 0
        exit
        sum:
        *(u64 *)(r10 - 24) = 0
        r2 = map[4][0] + 0 ll
        r0 = *(u64 *)(r2 + 0)
        call ktime_get_ns
        exit",
    );
    let summary = check(&code).unwrap();
    assert_eq!(summary.instruction_bound, Some(14));
    assert_eq!(summary.stack_bytes, 16 + 24);
    assert_eq!(summary.helpers, [5]);
    assert!(summary.uses_map(4) && !summary.uses_map(0));
}

#[test]
fn a_refusal_shows_where_and_what_was_known() {
    let code = assemble(
        "r6 = *(u8 *)(r1 + 0)\n*(u64 *)(r10 - 8) = r1\nr2 = map[4][0] + 60 ll\nr2 += r6\nr0 = *(u32 *)(r2 + 0)\nexit",
    );
    assert_eq!(
        check(&code).unwrap_err().to_string(),
        "access of 4 bytes to the map value at offset 60 to 315: its bytes are 0 to 63, check the offset before\n  \
         instruction 5: r0 = *(u32 *)(r2 + 0)\n  \
         known: r1=context, r2=map[4][0]+(60..=315), r6=0..=255, r10=stack[0], fp-8=context"
    );
}

#[test]
fn a_hook_may_limit_the_answers() {
    let hook = Hook {
        name: "gate",
        number: 9,
        section: "gate",
        on_device: true,
        context: &[Field { name: "len", offset: 0, size: 8, holds: Holds::Number }],
        context_size: 8,
        verdicts: Some(0..=3),
    };
    let reason = |text: &str| {
        let unit = Unit { code: &assemble(text), hook: &hook, maps: &[], lines: None };
        verify(&unit, &Limits::default()).err().map(|refusal| refusal.reason.to_string())
    };
    assert_eq!(reason("r0 = 3\nexit"), None);
    assert_eq!(reason("r0 = *(u64 *)(r1 + 0)\nr0 &= 3\nexit"), None);
    assert_eq!(reason("r0 = 4\nexit").as_deref(), Some("r0 may be 4 to 4 at exit: the hook takes 0 to 3"));
    let merged = "r2 = *(u64 *)(r1 + 0)\nr0 = 0\nif r2 > 9 goto a\nr3 = 1\nr4 = 1\nr5 = 1\nr3 += r4\nr3 += r5\nr0 = 7\na:\nexit";
    assert_eq!(reason(merged).as_deref(), Some("r0 may be 7 to 7 at exit: the hook takes 0 to 3"));
}
