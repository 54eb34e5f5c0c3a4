//! Pointers: arithmetic, comparisons, null, leaks.
use super::{Case, all_as_expected};

const ARITHMETIC: &str = "pointers take part in 64-bit addition and subtraction only";
const LOOKUP: &str = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\n";
const NULL: &str = "r0 may be null: compare it with 0 before it is used";

const CASES: &[Case] = &[
    ("multiplied", "r1 *= 2\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("masked", "r1 &= -8\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("negated", "r1 = -r1\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("swapped", "r1 = be64 r1\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("sign-extended", "r1 = (s32)r1\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("added in 32 bits", "w1 += 1\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("copied in 32 bits", "w0 = w1\nexit", Some(ARITHMETIC)),
    ("subtracted from a number", "r2 = 1\nr2 -= r1\nr0 = 0\nexit", Some(ARITHMETIC)),
    ("two added", "r1 += r10\nr0 = 0\nexit", Some(ARITHMETIC)),
    (
        "two of different memory subtracted",
        "r1 -= r10\nr0 = 0\nexit",
        Some("only pointers into the same memory can be subtracted from each other"),
    ),
    ("two of the same memory subtracted", "r2 = r10\nr2 += -8\nr0 = r10\nr0 -= r2\nexit", None),
    ("a number plus a pointer", "r2 = 8\nr2 += r1\nr0 = *(u64 *)(r2 + 16)\nexit", None),
    ("returned", "r0 = r1\nexit", Some("r0 is an address at exit: return a number")),
    ("the stack's returned", "r0 = r10\nexit", Some("r0 is an address at exit: return a number")),
    (
        "stored in a map value",
        "r2 = map[4][0] + 0 ll\n*(u64 *)(r2 + 0) = r1\nr0 = 0\nexit",
        Some("a pointer would be stored in the map value: addresses stay in registers and on the stack"),
    ),
    (
        "stored in a map value by way of an update",
        "*(u64 *)(r10 - 8) = 0
        *(u64 *)(r10 - 16) = 0
        *(u64 *)(r10 - 24) = r1
        r2 = r10
        r2 += -8
        r3 = r10
        r3 += -24
        r1 = map[1] ll
        r4 = 0
        call map_update_elem
        r0 = 0
        exit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "compared with a number",
        "r0 = 0\nif r1 > 100 goto out\nout:\nexit",
        Some("pointers compare with null and with pointers into the same memory only"),
    ),
    (
        "compared with one into other memory",
        "r0 = 0\nif r1 == r10 goto out\nout:\nexit",
        Some("pointers compare with null and with pointers into the same memory only"),
    ),
    (
        "compared in 32 bits",
        "r0 = 0\nif w1 == 0 goto out\nout:\nexit",
        Some("pointers compare with null and with pointers into the same memory only"),
    ),
    ("a pointer that is never null", "if r1 != 0 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nr0 = 0\nexit", None),
    (
        "the offset out of sight",
        "r2 = *(u64 *)(r1 + 0)\nr1 += r2\nr0 = 0\nexit",
        Some("the pointer's offset is not bounded: compare the number that is added with a limit"),
    ),
    (
        "the offset summed up out of sight",
        "r2 = 0x1fffffff\nr1 += r2\nr1 += r2\nr0 = 0\nexit",
        Some("the pointer's offset is not bounded: compare the number that is added with a limit"),
    ),
    // Where it would be null, what follows would run though nobody looked at it.
    (
        "the offset so low that the address may be null",
        "r2 = r10\nr2 += -0x10100000\nif r2 != 0 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nr0 = 0\nexit",
        Some("the pointer's offset is not bounded: compare the number that is added with a limit"),
    ),
    (
        "the offset so low that the address may wrap around",
        "r2 = r10\nr2 += -0x100000\nif r2 < r10 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nr0 = 0\nexit",
        Some("the pointer's offset is not bounded: compare the number that is added with a limit"),
    ),
    (
        "an offset below the memory, by less than where addresses begin",
        "r2 = r10\nr2 += -0xfffff\nif r2 < r10 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nr0 = 0\nexit",
        None,
    ),
    ("there and back", "r1 += 1000\nr1 -= 1000\nr0 = *(u64 *)(r1 + 0)\nexit", None),
    (
        "a map's handle computed with",
        "r1 = map[0] ll\nr1 += 8\nr0 = 0\nexit",
        Some("the handle of a map can't be computed with"),
    ),
];

#[test]
fn plain_pointers() {
    all_as_expected(CASES);
}

#[test]
fn looked_up_values() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("not compared with null", "r0 = *(u64 *)(r0 + 0)\nexit", Some(NULL)),
        ("null on this way", "if r0 != 0 goto out\nr0 = *(u64 *)(r0 + 0)\nout:\nr0 = 0\nexit", {
            Some("r0 is a number, not an address: only pointers can be accessed")
        }),
        (
            "computed with before the comparison",
            "r0 += 8\nif r0 == 0 goto out\nout:\nr0 = 0\nexit",
            Some(NULL),
        ),
        ("a copy compared", "r6 = r0\nif r0 == 0 goto out\nr0 = *(u64 *)(r6 + 8)\nout:\nr0 = 0\nexit", None),
        (
            "a saved copy compared",
            "*(u64 *)(r10 - 16) = r0\nif r0 == 0 goto out\nr1 = *(u64 *)(r10 - 16)\nr0 = *(u64 *)(r1 + 8)\n\
             out:\nr0 = 0\nexit",
            None,
        ),
        (
            "another lookup compared",
            "r6 = r0\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n\
             r0 = *(u64 *)(r6 + 0)\nout:\nr0 = 0\nexit",
            Some("r6 may be null: compare it with 0 before it is used"),
        ),
        (
            "copies of another lookup compared",
            "r6 = r0\nr9 = r0\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\nr8 = r0\n\
             if r8 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nr0 = *(u64 *)(r6 + 0)\nout:\nr0 = 0\nexit",
            Some("r6 may be null: compare it with 0 before it is used"),
        ),
        (
            "compared by a register that is 0",
            "r7 = 0\nif r0 == r7 goto out\nr0 = *(u64 *)(r0 + 8)\nout:\nr0 = 0\nexit",
            None,
        ),
        (
            "over its end",
            "if r0 == 0 goto out\nr0 = *(u64 *)(r0 + 9)\nout:\nr0 = 0\nexit",
            Some("access of 8 bytes to the map value at offset 9: its bytes are 0 to 15"),
        ),
        (
            "the next value of the array",
            "if r0 == 0 goto out\nr0 += 16\nr0 = *(u8 *)(r0 + 0)\nout:\nr0 = 0\nexit",
            Some("access of 1 bytes to the map value at offset 16: its bytes are 0 to 15"),
        ),
        (
            "before it",
            "if r0 == 0 goto out\nr0 = *(u8 *)(r0 - 1)\nout:\nr0 = 0\nexit",
            Some("access of 1 bytes to the map value at offset -1: its bytes are 0 to 15"),
        ),
        (
            "two values subtracted from each other",
            "r6 = r0\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n\
             if r6 == 0 goto out\nr0 -= r6\nout:\nr0 = 0\nexit",
            Some("only pointers into the same memory can be subtracted from each other"),
        ),
        ("null comes back as 0", "if r0 == 0 goto out\nr0 = 0\nout:\nexit", None),
    ];
    let programs: Vec<_> = cases.iter().map(|(_, program, _)| format!("{LOOKUP}{program}")).collect();
    for ((name, _, reason), program) in cases.iter().zip(programs) {
        all_as_expected(&[(name, program.leak(), *reason)]);
    }
}
