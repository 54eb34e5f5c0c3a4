//! The context of socket filters.
use super::{Case, all_as_expected_on};
use crate::common::hook;

const CASES: &[Case] = &[
    ("a number", "r0 = *(u32 *)(r1 + 0)\nexit", None),
    ("a part of a number", "r0 = *(u16 *)(r1 + 16)\nexit", None),
    ("the scratch area", "*(u64 *)(r1 + 48) = 7\n*(u8 *)(r1 + 67) = 1\nr0 = *(u64 *)(r1 + 56)\nexit", None),
    ("behind the scratch area", "*(u64 *)(r1 + 64) = 7\nr0 = 0\nexit", Some("the context is read-only")),
    ("a number is not written", "*(u32 *)(r1 + 8) = 7\nr0 = 0\nexit", Some("the context is read-only")),
    (
        "an address in the scratch area",
        "*(u64 *)(r1 + 48) = r10\nr0 = 0\nexit",
        Some("a pointer would be stored in the context: addresses stay in registers and on the stack"),
    ),
    (
        "the packet itself",
        "r0 = *(u32 *)(r1 + 76)\nexit",
        Some("the context's field data is not for programs of this type"),
    ),
    (
        "the socket",
        "r0 = *(u64 *)(r1 + 168)\nexit",
        Some("the context's field sk is not for programs of this type"),
    ),
    (
        "bytes of the packet",
        "r6 = r1\nr2 = 12\nr3 = r10\nr3 += -2\nr4 = 2\ncall skb_load_bytes\nr0 = *(u16 *)(r10 - 2)\nexit",
        None,
    ),
    (
        "bytes of the packet into nothing",
        "r2 = 12\nr3 = 0\nr4 = 2\ncall skb_load_bytes\nexit",
        Some("r3 is a number, not an address: only pointers can be accessed"),
    ),
];

#[test]
fn contexts() {
    all_as_expected_on(hook("socket"), CASES);
}
