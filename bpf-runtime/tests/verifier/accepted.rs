//! Programs in the forms that clang gives to usual code.
use super::{Case, all_as_expected};

const CASES: &[Case] = &[
    ("the smallest program", "r0 = 0\nexit", None),
    (
        "a counter in an array",
        "*(u32 *)(r10 - 4) = 1
        r2 = r10
        r2 += -4
        r1 = map[0] ll
        call map_lookup_elem
        if r0 == 0 goto out
        r1 = 1
        lock *(u64 *)(r0 + 8) += r1
        out:
        r0 = 0
        exit",
        None,
    ),
    (
        "a hash map: look up, else insert",
        "r1 = *(u64 *)(r1 + 24)
        *(u64 *)(r10 - 8) = r1
        r2 = r10
        r2 += -8
        r1 = map[1] ll
        call map_lookup_elem
        if r0 != 0 goto found
        *(u64 *)(r10 - 16) = 0
        *(u64 *)(r10 - 24) = 0
        *(u64 *)(r10 - 32) = 1
        r2 = r10
        r2 += -8
        r3 = r10
        r3 += -32
        r1 = map[1] ll
        r4 = 1
        call map_update_elem
        goto out
        found:
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
        out:
        r0 = 0
        exit",
        None,
    ),
    (
        "a ring buffer record, given back on both ways",
        "r6 = *(u64 *)(r1 + 24)
        r1 = map[2] ll
        r2 = 24
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        *(u64 *)(r0 + 16) = r6
        r1 = r0
        r2 = 0
        if r6 > 100 goto drop
        call ringbuf_submit
        goto out
        drop:
        call ringbuf_discard
        out:
        r0 = 0
        exit",
        None,
    ),
    (
        "a loop over an array on the stack, index unknown in between",
        "*(u64 *)(r10 - 8) = 0
        *(u64 *)(r10 - 16) = 0
        r2 = *(u64 *)(r1 + 0)
        r0 = 0
        loop:
        r2 &= 15
        r3 = r10
        r3 += -16
        r3 += r2
        r4 = *(u8 *)(r3 + 0)
        r4 += 1
        *(u8 *)(r3 + 0) = r4
        r2 += 7
        r0 += 1
        if r0 != 20 goto loop
        exit",
        None,
    ),
    (
        "a loop whose bound is a number from a map, at most 16",
        "*(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = map[0] ll
        call map_lookup_elem
        if r0 == 0 goto out
        r1 = *(u32 *)(r0 + 0)
        if w1 < 16 goto bounded
        w1 = 15
        bounded:
        r2 = 0
        loop:
        if r2 >= r1 goto out
        r3 = r0
        r3 += r2
        r4 = *(u8 *)(r3 + 0)
        r2 += 1
        goto loop
        out:
        r0 = 0
        exit",
        None,
    ),
    (
        "global variables and read-only data",
        "r1 = map[3][0] + 24 ll
        r2 = *(u64 *)(r1 + 0)
        r1 = map[4][0] + 56 ll
        r3 = atomic_fetch_add(*(u64 *)(r1 + 0), r2)
        *(u64 *)(r1 + 0) = r2
        r0 = 0
        exit",
        None,
    ),
    (
        "printk with a format in read-only data",
        "r3 = *(u64 *)(r1 + 24)
        r1 = map[3][0] + 0 ll
        r2 = 12
        call trace_printk
        r0 = 0
        exit",
        None,
    ),
    (
        "vprintk with strings among its arguments",
        "r6 = r10
        r6 += -40
        *(u64 *)(r10 - 40) = 0x6f
        *(u64 *)(r10 - 32) = r6
        *(u64 *)(r10 - 24) = 5
        *(u64 *)(r10 - 16) = 6
        *(u64 *)(r10 - 8) = 7
        r1 = map[3][0] + 0 ll
        r2 = 12
        r3 = r10
        r3 += -32
        r4 = 32
        call trace_vprintk
        r1 = map[3][0] + 0 ll
        r2 = 12
        r3 = 0
        r4 = 0
        call trace_vprintk
        r0 = 0
        exit",
        None,
    ),
    (
        "a function with a pointer to its caller's stack",
        "*(u64 *)(r10 - 8) = 5
        r1 = r10
        r1 += -8
        call double
        r0 = *(u64 *)(r10 - 8)
        exit
        double:
        r2 = *(u64 *)(r1 + 0)
        r2 += r2
        *(u64 *)(r1 + 0) = r2
        exit",
        None,
    ),
    (
        "a switch as a tree of comparisons",
        "r1 = *(u8 *)(r1 + 24)
        r0 = 1
        if r1 s> 57 goto letters
        if r1 < 48 goto out
        r0 = 2
        goto out
        letters:
        w1 += -65
        if w1 > 25 goto out
        r0 = 3
        out:
        exit",
        None,
    ),
    (
        "pointers walk over an array until they are equal",
        "*(u64 *)(r10 - 8) = 1
        *(u64 *)(r10 - 16) = 2
        *(u64 *)(r10 - 24) = 3
        r1 = r10
        r1 += -24
        r0 = 0
        loop:
        r2 = *(u64 *)(r1 + 0)
        r0 += r2
        r1 += 8
        if r1 != r10 goto loop
        exit",
        None,
    ),
    (
        "an instruction that is never reached may be any that exists",
        "r0 = 0
        goto out
        r5 = *(u64 *)(r9 + 0)
        out:
        exit",
        None,
    ),
    (
        "a store of 8 bytes, read in parts",
        "r1 = 0x1122334455667788 ll
        *(u64 *)(r10 - 8) = r1
        r0 = *(u16 *)(r10 - 6)
        if r0 == 0x5566 goto same
        r0 = *(u64 *)(r0 + 0)
        same:
        r2 = *(u32 *)(r10 - 4)
        if r2 == 0x11223344 goto out
        r0 = *(u64 *)(r0 + 0)
        out:
        r0 = 0
        exit",
        None,
    ),
    (
        "two halves, read as one",
        "*(u32 *)(r10 - 8) = 1
        *(u32 *)(r10 - 4) = 2
        r0 = *(u64 *)(r10 - 8)
        r1 = 0x200000001 ll
        if r0 == r1 goto out
        r0 = *(u64 *)(r0 + 0)
        out:
        r0 = 0
        exit",
        None,
    ),
    (
        "compare and exchange, exchange",
        "r1 = map[4][0] + 0 ll
        r0 = 5
        r2 = 6
        r0 = cmpxchg(*(u64 *)(r1 + 0), r0, r2)
        w2 = xchg(*(u32 *)(r1 + 8), w2)
        *(u64 *)(r10 - 8) = 0
        r2 = 4
        r2 = atomic_fetch_or(*(u64 *)(r10 - 8), r2)
        r0 = *(u64 *)(r10 - 8)
        exit",
        None,
    ),
];

#[test]
fn usual_programs_are_accepted() {
    all_as_expected(CASES);
}
