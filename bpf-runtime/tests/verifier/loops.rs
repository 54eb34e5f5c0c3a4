//! Loops: their bounds, in a time that does not depend on how often they turn; those that nothing bounds.
use super::{Case, all_as_expected};
use crate::common::{assemble, check};

/// A name, a program, and the bound on its instructions; none: it is accepted, to run on a budget.
type Bounded = (&'static str, &'static str, Option<u64>);

const BOUNDED: &[Bounded] = &[
    (
        "a million turns",
        "r0 = 0\nr2 = 0\nloop:\nr0 += r2\nr2 += 1\nif r2 < 1000000 goto loop\nexit",
        Some(2 + 3 * 1_000_000 + 1),
    ),
    ("a million turns to !=", "r0 = 0\nloop:\nr0 += 1\nif r0 != 1000000 goto loop\nexit", Some(2_000_002)),
    ("steps of four to !=", "r0 = 0\nloop:\nr0 += 4\nif r0 != 4000000 goto loop\nexit", Some(2_000_002)),
    ("steps of three to !=", "r0 = 0\nloop:\nr0 += 3\nif r0 != 3000000 goto loop\nexit", Some(2_000_002)),
    (
        "a million turns of 32 bits",
        "w0 = 0\nloop:\nw0 += 1\nif w0 != 1000000 goto loop\nexit",
        Some(2_000_002),
    ),
    ("a countdown", "r0 = 1000000\nloop:\nr0 += -1\nif r0 != 0 goto loop\nexit", Some(2_000_002)),
    ("a signed countdown", "r0 = 999999\nloop:\nr0 += -1\nif r0 s> -1 goto loop\nexit", Some(2_000_002)),
    (
        "a walk over an array in a map's value",
        "r0 = 0
        r2 = 0
        r4 = map[4][0] + 0 ll
        loop:
        r3 = r4
        r3 += r2
        r3 = *(u8 *)(r3 + 0)
        r0 += r3
        r2 += 1
        if r2 != 64 goto loop
        exit",
        Some(3 + 6 * 64 + 1),
    ),
    (
        "a pointer that moves with the counter",
        "r0 = 0
        r2 = 0
        r4 = map[4][0] + 0 ll
        loop:
        r3 = *(u32 *)(r4 + 0)
        r0 += r3
        r4 += 4
        r2 += 1
        if r2 < 16 goto loop
        exit",
        Some(3 + 5 * 16 + 1),
    ),
    (
        "a pointer to its end",
        "r0 = 0
        r2 = r10
        r2 += -64
        loop:
        *(u64 *)(r2 + 0) = 0
        r2 += 8
        if r2 != r10 goto loop
        exit",
        Some(3 + 3 * 8 + 1),
    ),
    (
        "a masked bound",
        "r2 = *(u64 *)(r1 + 0)
        r2 &= 63
        r0 = 0
        r3 = 0
        r4 = map[4][0] + 0 ll
        loop:
        if r3 >= r2 goto out
        r5 = r4
        r5 += r3
        r5 = *(u8 *)(r5 + 0)
        r0 += r5
        r3 += 1
        goto loop
        out:
        exit",
        Some(5 + 7 * 63 + 2),
    ),
    (
        "a masked index, a million times",
        "r0 = 0
        r2 = 0
        r4 = map[4][0] + 0 ll
        loop:
        r3 = r2
        r3 &= 63
        r5 = r4
        r5 += r3
        *(u8 *)(r5 + 0) = r2
        r2 += 1
        if r2 != 1000000 goto loop
        exit",
        Some(3 + 7 * 1_000_000 + 1),
    ),
    (
        "nested, a thousand times a thousand",
        "r0 = 0
        r2 = 0
        outer:
        r3 = 0
        inner:
        r0 += 1
        r3 += 1
        if r3 < 1000 goto inner
        r2 += 1
        if r2 < 1000 goto outer
        exit",
        Some(2 + 1000 * (1 + 3 * 1000 + 2) + 1),
    ),
    (
        "a triangle: the inner bound is the outer counter",
        "r0 = 0
        r2 = 1
        outer:
        r3 = 0
        inner:
        r4 = map[4][0] + 0 ll
        r4 += r3
        r4 = *(u8 *)(r4 + 0)
        r3 += 1
        if r3 < r2 goto inner
        r2 += 1
        if r2 < 65 goto outer
        exit",
        Some(2 + 64 * (1 + 5 * 64 + 2) + 1),
    ),
    (
        "bubble sort of eight numbers on the stack",
        "*(u64 *)(r10 - 8) = 3\n*(u64 *)(r10 - 16) = 1\n*(u64 *)(r10 - 24) = 7\n*(u64 *)(r10 - 32) = 5
        *(u64 *)(r10 - 40) = 2\n*(u64 *)(r10 - 48) = 8\n*(u64 *)(r10 - 56) = 6\n*(u64 *)(r10 - 64) = 4
        r6 = 0
        outer:
        r7 = 0
        inner:
        r2 = r7
        r2 <<= 3
        r3 = r10
        r3 += -64
        r3 += r2
        r4 = *(u64 *)(r3 + 0)
        r5 = *(u64 *)(r3 + 8)
        if r4 <= r5 goto next
        *(u64 *)(r3 + 0) = r5
        *(u64 *)(r3 + 8) = r4
        next:
        r7 += 1
        if r7 < 7 goto inner
        r6 += 1
        if r6 < 7 goto outer
        r0 = 0
        exit",
        Some(9 + 7 * (1 + 7 * 12 + 2) + 2),
    ),
    (
        "a call each turn",
        "r6 = 0
        loop:
        r1 = r6
        call half
        r6 += 1
        if r6 < 100000 goto loop
        exit
        half:
        r0 = r1
        r0 >>= 1
        exit",
        Some(1 + 7 * 100_000 + 1),
    ),
    (
        "a way out in the middle",
        "r0 = 0
        r2 = 0
        loop:
        r3 = *(u8 *)(r1 + 0)
        if r3 == 7 goto out
        r2 += 1
        if r2 < 100000 goto loop
        out:
        exit",
        Some(2 + 4 * 100_000 + 1),
    ),
    (
        "a bound that is no constant",
        "r2 = *(u32 *)(r1 + 0)\nr0 = 0\nloop:\nr0 += 1\nif r0 < r2 goto loop\nexit",
        Some(2 * 0xffff_ffff + 3),
    ),
    (
        "one after the other",
        "r0 = 0
        a:
        r0 += 1
        if r0 < 100000 goto a
        r2 = 0
        b:
        r2 += 1
        if r2 < 200000 goto b
        exit",
        Some(1 + 2 * 100_000 + 1 + 2 * 200_000 + 1),
    ),
    // What nothing bounds runs on a budget.
    (
        "a bound from outside",
        "r2 = *(u64 *)(r1 + 0)\nr0 = 0\nloop:\nr0 += 1\nif r0 < r2 goto loop\nexit",
        None,
    ),
    (
        "a condition that does not change",
        "r2 = *(u64 *)(r1 + 0)\nr0 = 0\nloop:\nr0 += 1\nif r2 > 5 goto loop\nexit",
        None,
    ),
    (
        "until a number's contents change",
        "r0 = 0\nloop:\nr2 = *(u64 *)(r1 + 0)\nif r2 > 5 goto loop\nexit",
        None,
    ),
    (
        "a binary search",
        "r6 = *(u64 *)(r1 + 0)
        r0 = 0
        r2 = 0
        r3 = 64
        r5 = map[4][0] + 0 ll
        loop:
        if r2 >= r3 goto out
        r4 = r2
        r4 += r3
        r4 >>= 1
        r7 = r5
        r7 += r4
        r7 = *(u8 *)(r7 + 0)
        if r7 >= r6 goto left
        r4 += 1
        r2 = r4
        goto loop
        left:
        r3 = r4
        goto loop
        out:
        r0 = r2
        exit",
        Some(79),
    ),
];

#[test]
fn bounds_do_not_depend_on_the_turns() {
    let mut wrong = vec![];
    for (name, program, bound) in BOUNDED {
        let code = assemble(program);
        match check(&code) {
            Err(refusal) => wrong.push(format!("{name}: {refusal}")),
            Ok(summary) => {
                if summary.instruction_bound != *bound {
                    wrong.push(format!("{name}: {:?}, not {bound:?}", summary.instruction_bound));
                }
                if bound.is_some() && summary.steps > 64 * code.len() as u64 {
                    wrong.push(format!("{name}: {} steps", summary.steps));
                }
                println!("{name}: {} instructions, {} steps", code.len(), summary.steps);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const UNSAFE: &[Case] = &[
    (
        "one turn too many",
        "r0 = 0
        r2 = 0
        r4 = map[4][0] + 0 ll
        loop:
        r3 = r4
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        r2 += 1
        if r2 != 65 goto loop
        exit",
        Some("access of 1 bytes to the map value at offset 64: its bytes are 0 to 63"),
    ),
    (
        "a counter that wraps around before it ends",
        "w2 = 8
        r0 = 0
        loop:
        r3 = map[4][0] + 0 ll
        r3 += r2
        r0 = *(u8 *)(r3 + 0)
        w2 += -3
        if w2 != 0 goto loop
        exit",
        Some("the pointer's offset is not bounded: compare the number that is added with a limit"),
    ),
    (
        "a pointer that nothing bounds",
        "r2 = *(u64 *)(r1 + 0)
        r3 = map[4][0] + 0 ll
        loop:
        r0 = *(u8 *)(r3 + 0)
        r3 += 1
        if r0 != r2 goto loop
        r0 = 0
        exit",
        Some("access of 1 bytes to the map value at offset 64: its bytes are 0 to 63"),
    ),
    (
        "one turn too many of a million",
        "r0 = 0
        r2 = 0
        loop:
        r3 = map[4][0] + 0 ll
        r4 = r2
        r4 >>= 14
        r3 += r4
        r0 = *(u8 *)(r3 + 0)
        r2 += 1
        if r2 < 1048577 goto loop
        exit",
        Some(
            "access of 1 bytes to the map value at offset 0 to 64: its bytes are 0 to 63, check the offset before",
        ),
    ),
    (
        "a record reserved each turn",
        "r6 = 0
        loop:
        r1 = map[2] ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
        r6 += 1
        if r6 < 3 goto loop
        r0 = 0
        exit",
        Some("a ring buffer record is still reserved: submit or discard it on every path"),
    ),
    (
        "a register that only the first turn has",
        "r3 = 5
        r6 = 0
        loop:
        r1 = r3
        call ktime_get_ns
        r6 += 1
        if r6 < 100000 goto loop
        exit",
        Some("r3 is not initialised here: set it on every path"),
    ),
    (
        "stack that a turn may not have written",
        "r6 = 0
        loop:
        r2 = *(u64 *)(r1 + 0)
        if r2 > 5 goto skip
        *(u64 *)(r10 - 8) = 1
        skip:
        r6 += 1
        if r6 < 100000 goto loop
        r0 = *(u64 *)(r10 - 8)
        exit",
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
];

#[test]
fn what_goes_wrong_in_some_turn() {
    all_as_expected(UNSAFE);
}
