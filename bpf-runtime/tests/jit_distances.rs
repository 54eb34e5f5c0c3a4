//! Compiled code whose jumps go far: beyond what one instruction of each machine reaches (4 KiB and 1 MiB on riscv64,
//! 1 MiB on aarch64), and around these limits.
mod common;
mod compiled;

use bpf_runtime::{
    isa::Insn,
    jit::{Checks, Error, Options, Trap, compile},
};
use common::assemble;
use compiled::{host, native};

const FUEL: u64 = 1 << 20;

fn bytes(code: &[Insn], checks: Checks) -> usize {
    match compile(native::HOST, code, &[], Options { checks, fuel: true }, &mut []) {
        Err(Error::NoRoom(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_of_more_than_a_megabyte_runs() {
    let body = "r0 += 0x12345678\n".repeat(200_000);
    let code = assemble(&format!("r0 = 0\nif r1 != 0 goto 1\nexit\n{body}exit"));
    assert!(bytes(&code, Checks::Verified) > 1_200_000);
    let got = host::run(&code, Checks::Verified, &mut [1; 8], &[], FUEL);
    assert_eq!(got, Ok((0x1234_5678 * 200_000, 200_003)));
}

#[test]
fn jumps_and_calls_go_over_megabytes() {
    let body = "r0 += 0x12345678\n".repeat(200_000);
    let code = assemble(&format!(
        "gotol start\nback:\nr0 += 1000\nexit\nnear:\nr0 += 1\nexit\n{body}start:\nr0 = 0\ncall near\ncall far\n\
         r3 = code near ll\ncallx r3\nr3 = code far ll\ncallx r3\ngotol back\n{body}far:\nr0 += 100\nexit"
    ));
    assert!(bytes(&code, Checks::Verified) > 2_400_000);
    for checks in [Checks::All, Checks::Verified] {
        assert_eq!(host::run(&code, checks, &mut [], &[], FUEL), Ok((1202, 19)), "{checks:?}");
    }
}

/// Jumps over `count` atomic accesses, forward and back.
fn atomics(count: usize) -> Vec<Insn> {
    let body = "lock *(u64 *)(r3 + 0) += r2\n".repeat(count);
    assemble(&format!(
        "r3 = r10\nr3 += -8\n*(u64 *)(r3 + 0) = 0\nr4 = 3\nbegin:\n\
         r4 -= 1\nif r4 == 0 goto end\n{body}if r4 != 0 goto begin\nend:\nr0 = *(u64 *)(r3 + 0)\nexit"
    ))
}

#[test]
fn conditions_go_over_a_megabyte() {
    for count in [6_000, 18_000, 32_700] {
        let code = atomics(count);
        assert!(count < 32_700 || bytes(&code, Checks::All) > 1 << 20);
        // r2 is the memory's length.
        let expected = Ok((6 * count as u64, 14 + 2 * count as u64));
        assert_eq!(host::run(&code, Checks::All, &mut [0; 3], &[], FUEL), expected, "{count}");
    }
}

#[test]
fn failures_are_reached_from_afar() {
    let body = "lock *(u64 *)(r3 + 0) += r2\n".repeat(32_000);
    for (first, last, at) in [(4096, -8, 2), (-8, 4096, 32_003)] {
        let code = assemble(&format!(
            "r3 = r10\nr3 += -8\n*(u64 *)(r10 + {first}) = 1\n{body}*(u64 *)(r10 + {last}) = 1\nexit"
        ));
        assert!(bytes(&code, Checks::All) > 1 << 20);
        assert_eq!(host::run(&code, Checks::All, &mut [], &[], FUEL), Err((Trap::Access, at)));
        assert_eq!(host::run(&code, Checks::All, &mut [], &[], 5), Err((Trap::Fuel, 0)));
    }
}

#[test]
fn conditions_are_right_around_the_reach_of_a_branch() {
    for count in (1..1100).step_by(31).chain(320..350).chain(1010..1030) {
        let body = "r0 += 1\n".repeat(count);
        let code = assemble(&format!(
            "r0 = 0\nr4 = 2\nbegin:\nr4 -= 1\nif r4 s< 0 goto end\n{body}goto begin\nend:\nif r4 == 7 goto begin\nexit"
        ));
        let expected = Ok((2 * count as u64, 12 + 2 * count as u64));
        assert_eq!(host::run(&code, Checks::Verified, &mut [], &[], FUEL), expected, "{count}");
    }
}
