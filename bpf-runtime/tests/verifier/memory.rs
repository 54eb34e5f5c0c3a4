//! Accesses: bounds, alignment, initialisation, rights.
use super::{Case, all_as_expected};

const CASES: &[Case] = &[
    (
        "the context's last byte and one behind",
        "r0 = *(u8 *)(r1 + 31)\nr0 = *(u8 *)(r1 + 32)\nexit",
        Some("access of 1 bytes to the context at offset 32: its bytes are 0 to 31"),
    ),
    (
        "before the context",
        "r0 = *(u64 *)(r1 - 8)\nexit",
        Some("access of 8 bytes to the context at offset -8: its bytes are 0 to 31"),
    ),
    (
        "over the context's end",
        "r0 = *(u64 *)(r1 + 28)\nexit",
        Some("access of 8 bytes to the context at offset 28: its bytes are 0 to 31"),
    ),
    (
        "misaligned in the context",
        "r0 = *(u32 *)(r1 + 2)\nexit",
        Some("access of 4 bytes to the context at an offset that is no multiple of 4"),
    ),
    ("a store to the context", "*(u8 *)(r1 + 0) = 1\nr0 = 0\nexit", Some("the context is read-only")),
    (
        "an atomic operation on the context",
        "r2 = 1\nlock *(u64 *)(r1 + 0) += r2\nr0 = 0\nexit",
        Some("the context is read-only"),
    ),
    ("the stack's first bytes", "*(u64 *)(r10 - 512) = 1\nr0 = *(u64 *)(r10 - 512)\nexit", None),
    (
        "below the stack",
        "*(u64 *)(r10 - 520) = 1\nr0 = 0\nexit",
        Some("access of 8 bytes to the stack at offset -520: a frame has 512 bytes below r10"),
    ),
    (
        "at r10 itself",
        "*(u8 *)(r10 + 0) = 1\nr0 = 0\nexit",
        Some("access of 1 bytes to the stack at offset 0: a frame has 512 bytes below r10"),
    ),
    (
        "over r10",
        "*(u64 *)(r10 - 4) = 1\nr0 = 0\nexit",
        Some("access of 8 bytes to the stack at offset -4: a frame has 512 bytes below r10"),
    ),
    (
        "misaligned on the stack",
        "*(u32 *)(r10 - 6) = 1\nr0 = 0\nexit",
        Some("access of 4 bytes to the stack at an offset that is no multiple of 4"),
    ),
    (
        "unwritten stack",
        "r0 = *(u64 *)(r10 - 8)\nexit",
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "stack written in part",
        "*(u32 *)(r10 - 8) = 1\nr0 = *(u64 *)(r10 - 8)\nexit",
        Some("the stack at r10-4 is read before it is written: initialise it"),
    ),
    (
        "stack written on one way only",
        "r2 = *(u64 *)(r1 + 0)
        if r2 == 0 goto skip
        *(u64 *)(r10 - 8) = 1
        skip:
        r0 = *(u64 *)(r10 - 8)
        exit",
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "a hole between written bytes",
        "*(u8 *)(r10 - 8) = 1\n*(u8 *)(r10 - 6) = 1\nr0 = *(u16 *)(r10 - 8)\nexit",
        Some("the stack at r10-7 is read before it is written: initialise it"),
    ),
    (
        "a store at an unknown place writes no byte for sure",
        "r2 = *(u64 *)(r1 + 0)
        r2 &= 7
        r3 = r10
        r3 += -8
        r3 += r2
        *(u8 *)(r3 + 0) = 1
        r0 = *(u8 *)(r10 - 8)
        exit",
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "an unknown place that may lie outside of the stack",
        "r2 = *(u64 *)(r1 + 0)
        r2 &= 15
        r3 = r10
        r3 += -8
        r3 += r2
        *(u8 *)(r3 + 0) = 1
        r0 = 0
        exit",
        Some("access of 1 bytes to the stack at offset -8 to 7: a frame has 512 bytes below r10"),
    ),
    (
        "an unknown place that may overwrite a saved pointer",
        "*(u64 *)(r10 - 8) = r1
        r2 = *(u64 *)(r1 + 0)
        r2 &= 7
        r3 = r10
        r3 += -8
        r3 += r2
        *(u8 *)(r3 + 0) = 1
        r0 = 0
        exit",
        Some("the store at an unknown offset may overwrite a saved pointer: bound the offset"),
    ),
    (
        "a saved pointer comes back whole",
        "*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r2 + 24)\nexit",
        None,
    ),
    (
        "half of a saved pointer",
        "*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 8)\nexit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "the upper half of a saved pointer",
        "*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 4)\nexit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "a saved pointer, overwritten in part, is gone",
        "*(u64 *)(r10 - 8) = r1\n*(u8 *)(r10 - 8) = 0\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r2 + 0)\nexit",
        Some("the stack at r10-7 is read before it is written: initialise it"),
    ),
    (
        "a pointer stored in 4 bytes",
        "*(u32 *)(r10 - 8) = r1\nr0 = 0\nexit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "an atomic operation on a saved pointer",
        "*(u64 *)(r10 - 8) = r1\nr2 = 8\nlock *(u64 *)(r10 - 8) += r2\nr0 = 0\nexit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "an atomic operation on unwritten stack",
        "r2 = 8\nlock *(u64 *)(r10 - 8) += r2\nr0 = 0\nexit",
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "a pointer as operand of an atomic operation",
        "r2 = map[4][0] + 0 ll\nr1 = xchg(*(u64 *)(r2 + 0), r1)\nr0 = 0\nexit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "a misaligned atomic operation",
        "r2 = map[4][0] + 4 ll\nr1 = 1\nlock *(u64 *)(r2 + 0) += r1\nr0 = 0\nexit",
        Some("access of 8 bytes to the map value at an offset that is no multiple of 8"),
    ),
    (
        "a plain access to a map value may be misaligned",
        "r2 = map[4][0] + 3 ll\nr0 = *(u64 *)(r2 + 0)\nexit",
        None,
    ),
    (
        "read-only data",
        "r1 = map[3][0] + 0 ll\n*(u8 *)(r1 + 0) = 1\nr0 = 0\nexit",
        Some("the map value is read-only"),
    ),
    (
        "over the end of read-only data",
        "r1 = map[3][0] + 31 ll\nr0 = *(u16 *)(r1 + 0)\nexit",
        Some("access of 2 bytes to the map value at offset 31: its bytes are 0 to 31"),
    ),
    (
        "the map's handle as memory",
        "r1 = map[0] ll\nr0 = *(u64 *)(r1 + 0)\nexit",
        Some("access of 8 bytes to the map at offset 0: its bytes are 0 to -1"),
    ),
    (
        "a number as address",
        "r2 = 64\nr0 = *(u64 *)(r2 + 0)\nexit",
        Some("r2 is a number, not an address: only pointers can be accessed"),
    ),
    ("an unwritten register", "r0 = r3\nexit", Some("r3 is not initialised here: set it on every path")),
    ("no answer", "exit", Some("r0 is not initialised here: set it on every path")),
    (
        "a register written on one way only",
        "r2 = *(u64 *)(r1 + 0)\nif r2 > 5 goto out\nr0 = 1\nout:\nexit",
        Some("r0 is not initialised here: set it on every path"),
    ),
    (
        "an unwritten register as operand",
        "r0 = 0\nr0 += r7\nexit",
        Some("r7 is not initialised here: set it on every path"),
    ),
];

#[test]
fn accesses() {
    all_as_expected(CASES);
}
