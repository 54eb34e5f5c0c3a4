//! Where paths meet, and what overwrites what: what holds on the way that is walked first need not hold on the other.
//! r6 is a number from outside; the way over `first` is walked first.
use super::all_as_expected;
use crate::common::{assemble, check};

const START: &str = "r6 = *(u64 *)(r1 + 0)\nr9 = r1\nr8 = *(u64 *)(r1 + 8)\nr2 = r10\nr2 += -8\n*(u64 *)(r10 - 8) = 7\n\
                     r1 = map[1] ll\ncall map_lookup_elem\nr7 = r0\nr3 = *(u64 *)(r9 + 16)\n";
const WAYS: &str = "if r3 > 5 goto first\n";
const OUT: &str = "\nout:\nr0 = 0\nexit";
const UNBOUNDED: Option<&str> =
    Some("the pointer's offset is not bounded: compare the number that is added with a limit");
const NO_POINTER: Option<&str> = Some("r3 is a number, not an address: only pointers can be accessed");
/// Accesses map 4 at r6.
const INDEX: &str = "r1 = map[4][0] + 0 ll\nr1 += r6\nr0 = *(u8 *)(r1 + 0)";

/// A part of a program for each way, what follows on both, and why it is refused.
type Ways = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const JOINS: &[Ways] = &[
    (
        "not null",
        "if r7 == 0 goto out",
        "",
        "r0 = *(u64 *)(r7 + 0)",
        Some("r7 may be null: compare it with 0 before it is used"),
    ),
    ("not null on both", "if r7 == 0 goto out", "if r7 == 0 goto out", "r0 = *(u64 *)(r7 + 0)", None),
    (
        "an offset",
        "r7 = map[4][0] + 0 ll",
        "r7 = map[4][0] + 60 ll",
        "r0 = *(u64 *)(r7 + 0)",
        Some("access of 8 bytes to the map value at offset 60: its bytes are 0 to 63"),
    ),
    (
        "another memory",
        "r7 = map[4][0] + 32 ll",
        "r7 = map[3][0] + 28 ll",
        "r0 = *(u64 *)(r7 + 0)",
        Some("access of 8 bytes to the map value at offset 28: its bytes are 0 to 31"),
    ),
    (
        "a right",
        "r7 = map[4][0] + 0 ll",
        "r7 = map[3][0] + 0 ll",
        "*(u8 *)(r7 + 0) = 1",
        Some("the map value is read-only"),
    ),
    ("a range", "r6 &= 63", "", INDEX, UNBOUNDED),
    ("a smaller range", "r6 &= 15", "r6 &= 63", INDEX, None),
    (
        "a range of 32 bits",
        "if w6 > 63 goto out",
        "",
        "w6 = w6\nr1 = map[4][0] + 0 ll\nr6 <<= 26\nr6 >>= 26\nr1 += r6\nr0 = *(u8 *)(r1 + 0)",
        UNBOUNDED,
    ),
    (
        "a copy",
        "r8 = r6",
        "",
        "if r8 > 63 goto out\nr1 = map[4][0] + 0 ll\nr1 += r6\nr0 = *(u8 *)(r1 + 0)",
        UNBOUNDED,
    ),
    (
        "a copy on both",
        "r8 = r6",
        "r8 = r6",
        "if r8 > 63 goto out\nr1 = map[4][0] + 0 ll\nr1 += r6\nr0 = *(u8 *)(r1 + 0)",
        None,
    ),
    (
        "a number or a pointer",
        "r8 = 5",
        "r8 = r9",
        "r0 = r8\nexit",
        Some("r0 is an address at exit: return a number"),
    ),
    ("a written register", "r5 = 5", "", "r0 = r5", Some("r5 is not initialised here: set it on every path")),
    (
        "written stack",
        "*(u64 *)(r10 - 16) = 1",
        "",
        "r0 = *(u64 *)(r10 - 16)",
        Some("the stack at r10-16 is read before it is written: initialise it"),
    ),
    (
        "stack written in part",
        "*(u64 *)(r10 - 16) = 1",
        "*(u32 *)(r10 - 16) = 1",
        "r0 = *(u64 *)(r10 - 16)",
        Some("the stack at r10-12 is read before it is written: initialise it"),
    ),
    (
        "bytes on the stack",
        "*(u8 *)(r10 - 16) = 1\n*(u8 *)(r10 - 15) = 1",
        "*(u8 *)(r10 - 16) = 1",
        "r0 = *(u16 *)(r10 - 16)",
        Some("the stack at r10-15 is read before it is written: initialise it"),
    ),
    (
        "a number on the stack",
        "*(u64 *)(r10 - 16) = 8",
        "*(u64 *)(r10 - 16) = r6",
        "r6 = *(u64 *)(r10 - 16)\nr1 = map[4][0] + 0 ll\nr1 += r6\nr0 = *(u8 *)(r1 + 0)",
        UNBOUNDED,
    ),
    (
        "half a number on the stack",
        "*(u32 *)(r10 - 16) = 8",
        "*(u32 *)(r10 - 16) = 64",
        "r6 = *(u32 *)(r10 - 16)\nr1 = map[4][0] + 0 ll\nr1 += r6\nr0 = *(u8 *)(r1 + 0)",
        Some("access of 1 bytes to the map value at offset 64: its bytes are 0 to 63"),
    ),
    (
        "a saved pointer",
        "*(u64 *)(r10 - 16) = r9",
        "*(u64 *)(r10 - 16) = r6",
        "r3 = *(u64 *)(r10 - 16)\nr0 = *(u64 *)(r3 + 0)",
        NO_POINTER,
    ),
    (
        "a record",
        "r1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall ringbuf_submit",
        "r1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto out",
        "r0 = 0",
        Some("a ring buffer record is still reserved: submit or discard it on every path"),
    ),
];

#[test]
fn what_holds_on_one_way_only() {
    for (name, first, second, both, reason) in JOINS {
        // States are kept only so many instructions apart: the first way is long enough.
        let long = "r0 = 1\n".repeat(10);
        let program = format!("{START}{WAYS}{second}\ngoto join\nfirst:\n{long}{first}\njoin:\n{both}{OUT}");
        all_as_expected(&[(name, program.leak(), *reason)]);
    }
}

#[test]
fn what_overwrites_a_number_on_the_stack() {
    let overwrites = [
        ("nothing", "", None),
        ("a store of it all", "*(u64 *)(r10 - 8) = r6", NO_POINTER),
        ("a store of its first byte", "*(u8 *)(r10 - 8) = r6", NO_POINTER),
        ("a store of its last byte", "*(u8 *)(r10 - 1) = r6", NO_POINTER),
        ("a store of its lower half", "*(u32 *)(r10 - 8) = r6", NO_POINTER),
        ("a store of its upper half", "*(u32 *)(r10 - 4) = r6", NO_POINTER),
        ("a store beside it", "*(u64 *)(r10 - 16) = r6", None),
        ("a store somewhere in it", "r6 &= 7\nr2 = r10\nr2 += -8\nr2 += r6\n*(u8 *)(r2 + 0) = 1", NO_POINTER),
        (
            "a store somewhere in it or beside",
            "*(u64 *)(r10 - 16) = 0\nr6 &= 8\nr2 = r10\nr2 += -16\nr2 += r6\n*(u64 *)(r2 + 0) = r8",
            NO_POINTER,
        ),
        ("an addition", "lock *(u64 *)(r10 - 8) += r6", NO_POINTER),
        ("an addition to its upper half", "lock *(u32 *)(r10 - 4) += r6", NO_POINTER),
        ("an exchange", "r6 = xchg(*(u64 *)(r10 - 8), r6)", NO_POINTER),
        ("a function", "r1 = r10\nr1 += -8\nr2 = r6\ncall overwrite", NO_POINTER),
    ];
    for (name, overwrite, reason) in overwrites {
        // If r3 is 7 for sure, the access to it is never reached.
        let check = "r3 = *(u64 *)(r10 - 8)\nif r3 == 7 goto out\nr0 = *(u64 *)(r3 + 0)";
        let function =
            if name == "a function" { "\noverwrite:\n*(u64 *)(r1 + 0) = r2\nr0 = 0\nexit" } else { "" };
        let program = format!("{START}{overwrite}\n{check}{OUT}{function}");
        all_as_expected(&[(name, program.leak(), reason)]);
    }
}

#[test]
fn the_bound_is_that_of_the_longest_path() {
    // Each diamond: two instructions, then three or one and a jump, or five.
    let diamond = |n: usize, long_first: bool| {
        let (long, short) = ("r0 += 1\n".repeat(5), "r0 += 1\n".repeat(3));
        let (first, second) = if long_first { (&long, &short) } else { (&short, &long) };
        format!(
            "r3 = *(u64 *)(r1 + {})\nif r3 > 5 goto f{n}\n{second}goto j{n}\nf{n}:\n{first}j{n}:\n",
            8 * n
        )
    };
    for pattern in 0..8 {
        let diamonds: String = (0..3).map(|n| diamond(n, pattern >> n & 1 == 1)).collect();
        let code = assemble(&format!("r0 = 0\n{diamonds}exit"));
        // Long second: its 5 and a goto. Long first: the other's 3 and a goto are shorter than its 5.
        let longest: u64 = (0..3).map(|n| if pattern >> n & 1 == 1 { 7 } else { 8 }).sum();
        assert_eq!(check(&code).unwrap().instruction_bound, Some(longest + 2), "{pattern:03b}");
    }
}

/// A function stores a number into its caller's stack, or, on the other way, into its own: what the caller reads there is what
/// the function was given.
#[test]
fn a_number_that_a_function_may_store_into_its_callers_stack() {
    let program = "r6 = *(u64 *)(r1 + 0)\nr7 = *(u64 *)(r1 + 8)\n*(u64 *)(r10 - 8) = 0\nr2 = 0\nr3 = 0\nr4 = 0\nr8 = 0\nr9 = 0\n\
                   if r6 > 5 goto first\nr2 = 1000\nfirst:\nr1 = r10\nr1 += -8\nr3 = r7\ncall f\n\
                   r3 = *(u64 *)(r10 - 8)\nr1 = map[4][0] + 0 ll\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nr0 = 0\nexit\n\
                   f:\nr4 = r10\nr4 += -8\n*(u64 *)(r10 - 8) = 0\nif r3 > 5 goto own\nr4 = r1\nown:\n*(u64 *)(r4 + 0) = r2\nr0 = 0\nexit";
    let refusal = check(&assemble(program)).expect_err("1000 bytes into a value of 64");
    assert!(refusal.reason.to_string().starts_with("access of 1 bytes to the map value"), "{refusal}");
}
