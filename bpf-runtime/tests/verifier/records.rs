//! Ring buffer records: each that is reserved is given back once, on every path.
use super::all_as_expected;

const RESERVE: &str = "r6 = *(u64 *)(r1 + 0)\nr1 = map[2] ll\nr2 = 16\nr3 = 0\ncall ringbuf_reserve\n";
const START: Option<&str> = Some("r1 has to be the start of a ring buffer record that is reserved");
const UNRELEASED: Option<&str> =
    Some("a ring buffer record is still reserved: submit or discard it on every path");

#[test]
fn records() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("never given back", "if r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nout:\nr0 = 0\nexit", UNRELEASED),
        ("its address lost", "r0 = 0\nexit", UNRELEASED),
        (
            "given back on one way",
            "if r0 == 0 goto out\nif r6 > 5 goto out\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit",
            UNRELEASED,
        ),
        (
            "null is not given back",
            "if r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit",
            None,
        ),
        (
            "given back without a look",
            "r1 = r0\nr2 = 0\ncall ringbuf_submit\nr0 = 0\nexit",
            Some("r1 may be null: compare it with 0 before it is used"),
        ),
        (
            "given back twice",
            "if r0 == 0 goto out\nr7 = r0\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nr1 = r7\nr2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit",
            Some("r7 is not initialised here: set it on every path"),
        ),
        (
            "used afterwards",
            "if r0 == 0 goto out\nr7 = r0\nr1 = r0\nr2 = 0\ncall ringbuf_discard\n*(u64 *)(r7 + 0) = 1\nout:\nr0 = 0\nexit",
            Some("r7 is not initialised here: set it on every path"),
        ),
        (
            "a saved copy used afterwards",
            "if r0 == 0 goto out\n*(u64 *)(r10 - 8) = r0\nr1 = r0\nr2 = 0\ncall ringbuf_discard\nr7 = *(u64 *)(r10 - 8)\nout:\nr0 = 0\nexit",
            Some("the stack at r10-8 is read before it is written: initialise it"),
        ),
        (
            "given back by its middle",
            "if r0 == 0 goto out\nr1 = r0\nr1 += 8\nr2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit",
            START,
        ),
        (
            "something else given back",
            "if r0 == 0 goto out\nr1 = r10\nr2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit",
            START,
        ),
        (
            "over its end",
            "if r0 == 0 goto out\n*(u64 *)(r0 + 9) = 1\nout:\nr0 = 0\nexit",
            Some("access of 8 bytes to the ring buffer record at offset 9: its bytes are 0 to 15"),
        ),
        (
            "a pointer stored in it",
            "if r0 == 0 goto out\n*(u64 *)(r0 + 0) = r10\nout:\nr0 = 0\nexit",
            Some(
                "a pointer would be stored in the ring buffer record: addresses stay in registers and on the stack",
            ),
        ),
        (
            "submit answers nothing",
            "if r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nexit\nout:\nr0 = 0\nexit",
            Some("r0 is not initialised here: set it on every path"),
        ),
        (
            "a length from outside",
            "if r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nout:\nr1 = map[2] ll\nr2 = r6\nr3 = 0\ncall ringbuf_reserve\nr0 = 0\nexit",
            Some("ringbuf_reserve: r2 has to be a constant length"),
        ),
        (
            "given back in a function",
            "r1 = r0\ncall give\nr0 = 0\nexit\ngive:\nif r1 == 0 goto none\nr2 = 0\ncall ringbuf_submit\nnone:\nr0 = 0\nexit",
            None,
        ),
        (
            "in a loop, each given back",
            "if r0 == 0 goto next\nr1 = r0\nr2 = 0\ncall ringbuf_submit\nnext:\nr6 = 0\nloop:\nr1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto none\nr1 = r0\nr2 = 0\ncall ringbuf_discard\nnone:\nr6 += 1\nif r6 < 10 goto loop\nr0 = 0\nexit",
            None,
        ),
        (
            "in a loop, none given back",
            "r6 = 0\nloop:\nr1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nr6 += 1\nif r6 < 10 goto loop\nr0 = 0\nexit",
            Some("more than 8 records reserved at a time"),
        ),
    ];
    for (name, program, reason) in cases {
        let program = format!("{RESERVE}{program}");
        all_as_expected(&[(name, program.leak(), *reason)]);
    }
}
