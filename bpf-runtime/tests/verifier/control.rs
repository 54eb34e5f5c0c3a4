//! Jumps and loops.
use super::{Case, all_as_expected};

const CASES: &[Case] = &[
    ("a jump behind the end", "r0 = 0\ngoto 5\nexit", Some("jump or call to 7, where no instruction begins")),
    (
        "a jump before the start",
        "r0 = 0\ngoto -9\nexit",
        Some("jump or call to -7, where no instruction begins"),
    ),
    (
        "a long jump behind the end",
        "r0 = 0\ngotol 100000\nexit",
        Some("jump or call to 100002, where no instruction begins"),
    ),
    (
        "a jump into the middle of an lddw",
        "r0 = 0\nif r0 == 0 goto 1\nr1 = 5 ll\nexit",
        Some("jump or call to 3, where no instruction begins"),
    ),
    ("a call behind the end", "call 1000000\nexit", Some("there is no helper number 1000000")),
    (
        "a jump into a function",
        "r0 = 0\nif r0 == 0 goto inside\ncall get\nexit\nget:\nr0 = 1\ninside:\nexit",
        Some("jump to 5 in another function: call it instead"),
    ),
    (
        "a jump out of a function",
        "r0 = 0\nback:\ncall get\nexit\nget:\nr0 = 1\ngoto back",
        Some("jump to 1 in another function: call it instead"),
    ),
    (
        "off the end",
        "r0 = 0",
        Some("the function's last instruction is neither exit nor goto: control would run off its end"),
    ),
    (
        "off the end into the next function",
        "r0 = 0\ncall get\nget:\nr0 = 1\nexit",
        Some("the function's last instruction is neither exit nor goto: control would run off its end"),
    ),
    (
        "a conditional jump at the end",
        "r0 = 0\nif r0 == 0 goto -2",
        Some("the function's last instruction is neither exit nor goto: control would run off its end"),
    ),
    (
        "a loop without end",
        "loop:\ngoto loop",
        Some("the loop does not end: nothing that its condition reads changes"),
    ),
    (
        "a loop in a function without end",
        "call get\nexit\nget:\nr0 = 0\nloop:\ngoto loop",
        Some("the loop does not end: nothing that its condition reads changes"),
    ),
    (
        "a loop that steps over its end",
        "r0 = 0\nloop:\nr0 += 2\nif r0 != 9 goto loop\nexit",
        Some("the loop does not end: nothing that its condition reads changes"),
    ),
    ("counting up", "r0 = 0\nloop:\nr0 += 1\nif r0 != 1000 goto loop\nexit", None),
    ("counting down", "r0 = 1000\nloop:\nr0 += -1\nif r0 != 0 goto loop\nexit", None),
    ("counting down, signed", "r0 = 100\nloop:\nr0 += -3\nif r0 s> 0 goto loop\nexit", None),
    ("doubling", "r0 = 1\nloop:\nr0 <<= 1\nif r0 < 1000000 goto loop\nexit", None),
    (
        "halving a number from outside",
        "r0 = *(u64 *)(r1 + 0)\nloop:\nr0 >>= 1\nif r0 != 0 goto loop\nexit",
        None,
    ),
    (
        "nested",
        "r0 = 0\nr2 = 0\nouter:\nr3 = 0\ninner:\nr0 += 1\nr3 += 1\nif r3 < 20 goto inner\nr2 += 1\nif r2 < 20 goto outer\nexit",
        None,
    ),
    (
        "a bound from outside, limited",
        "r2 = *(u64 *)(r1 + 0)\nif r2 > 64 goto out\nr3 = 0\nloop:\nif r3 >= r2 goto out\nr3 += 1\ngoto loop\nout:\nr0 = 0\nexit",
        None,
    ),
    (
        "many ways through a loop, whose sums nothing depends on",
        "r2 = 0\nr3 = 0\nr4 = 0\nr5 = 0
        loop:
        r0 = *(u8 *)(r1 + 0)
        if r0 > 100 goto a
        r3 += 1
        goto next
        a:
        if r0 > 200 goto b
        r4 += 1
        goto next
        b:
        r5 += 1
        next:
        r2 += 1
        if r2 < 200 goto loop
        r0 = r3
        r0 += r4
        r0 += r5
        exit",
        None,
    ),
];

#[test]
fn jumps_and_loops() {
    all_as_expected(CASES);
}
