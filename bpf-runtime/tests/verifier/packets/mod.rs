//! Packets of `xdp` programs: addresses out of the context, and what comparisons with the packet's end prove.
use super::{Case, all_as_expected_on};
use crate::common::hook;

/// r1 the packet, r2 its end, r6 the context.
macro_rules! packet {
    ($($text:literal)+) => {
        concat!("r6 = r1\nr2 = *(u32 *)(r6 + 4)\nr1 = *(u32 *)(r6 + 0)\nr0 = 0\n", $($text),+)
    };
}

mod context;
mod helpers;
mod loops;

const COMPARISONS: &[Case] = &[
    ("no comparison", packet!("r0 = *(u8 *)(r1 + 0)\nexit"), Some(NOTHING)),
    (
        "packet + 14 > end",
        packet!("r3 = r1\nr3 += 14\nif r3 > r2 goto out\nr0 = *(u16 *)(r1 + 12)\nout:\nexit"),
        None,
    ),
    (
        "end < packet + 14",
        packet!("r3 = r1\nr3 += 14\nif r2 < r3 goto out\nr0 = *(u16 *)(r1 + 12)\nout:\nexit"),
        None,
    ),
    (
        "packet + 14 <= end",
        packet!("r3 = r1\nr3 += 14\nif r3 <= r2 goto in\nexit\nin:\nr0 = *(u16 *)(r1 + 12)\nexit"),
        None,
    ),
    (
        "end >= packet + 14",
        packet!("r3 = r1\nr3 += 14\nif r2 >= r3 goto in\nexit\nin:\nr0 = *(u16 *)(r1 + 12)\nexit"),
        None,
    ),
    (
        "packet + 13 < end: one more",
        packet!("r3 = r1\nr3 += 13\nif r3 < r2 goto in\nexit\nin:\nr0 = *(u16 *)(r1 + 12)\nexit"),
        None,
    ),
    (
        "packet + 13 >= end: one more",
        packet!("r3 = r1\nr3 += 13\nif r3 >= r2 goto out\nr0 = *(u16 *)(r1 + 12)\nout:\nexit"),
        None,
    ),
    (
        "end > packet + 13: one more",
        packet!("r3 = r1\nr3 += 13\nif r2 > r3 goto in\nexit\nin:\nr0 = *(u16 *)(r1 + 12)\nexit"),
        None,
    ),
    (
        "end <= packet + 13: one more",
        packet!("r3 = r1\nr3 += 13\nif r2 <= r3 goto out\nr0 = *(u16 *)(r1 + 12)\nout:\nexit"),
        None,
    ),
    (
        "packet + 14 == end",
        packet!("r3 = r1\nr3 += 14\nif r3 == r2 goto in\nexit\nin:\nr0 = *(u16 *)(r1 + 12)\nexit"),
        None,
    ),
    (
        "packet + 14 != end",
        packet!("r3 = r1\nr3 += 14\nif r3 != r2 goto out\nr0 = *(u16 *)(r1 + 12)\nout:\nexit"),
        None,
    ),
    (
        "the wrong way of the branch",
        packet!("r3 = r1\nr3 += 14\nif r3 > r2 goto in\nexit\nin:\nr0 = *(u8 *)(r1 + 0)\nexit"),
        Some(NOTHING),
    ),
    (
        "the wrong way of the branch, the end first",
        packet!("r3 = r1\nr3 += 14\nif r2 >= r3 goto out\nr0 = *(u8 *)(r1 + 0)\nout:\nexit"),
        Some(NOTHING),
    ),
    (
        "not equal says nothing",
        packet!("r3 = r1\nr3 += 14\nif r3 == r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:\nexit"),
        Some(NOTHING),
    ),
    (
        "one byte too far",
        packet!("r3 = r1\nr3 += 14\nif r3 > r2 goto out\nr0 = *(u16 *)(r1 + 13)\nout:\nexit"),
        Some(
            "access of 2 bytes to the packet, of which 1 are known to be there: compare the address behind them with \
             the end before",
        ),
    ),
    (
        "packet + 14 < end was not taken",
        packet!("r3 = r1\nr3 += 14\nif r3 < r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:\nexit"),
        Some(NOTHING),
    ),
    (
        "before the packet",
        packet!("r3 = r1\nr3 += 14\nif r3 > r2 goto out\nr0 = *(u8 *)(r1 - 1)\nout:\nexit"),
        Some("access of 1 bytes that may begin before the packet: check the offset before"),
    ),
    (
        "the end is no memory",
        packet!("r0 = *(u8 *)(r2 + 0)\nexit"),
        Some("access of 1 bytes to the packet at offset 0: its bytes are 0 to -1"),
    ),
    (
        "arithmetic on the end",
        packet!("r2 += -4\nexit"),
        Some("the packet's end can't be computed with: add to the other side of the comparison"),
    ),
    ("the length", packet!("r2 -= r1\nr0 = r2\nexit"), None),
    ("the length in 32 bits", packet!("w3 = w2\nw3 -= w1\nr0 = r3\nexit"), None),
    ("the address in 32 bits", packet!("w0 = w1\nexit"), Some("r0 is an address at exit: return a number")),
    (
        "a comparison in 32 bits",
        packet!("r3 = r1\nr3 += 14\nif w3 > w2 goto out\nr0 = *(u16 *)(r1 + 12)\nout:\nexit"),
        None,
    ),
    (
        "a sum in 32 bits",
        packet!("w1 += 14\nexit"),
        Some("pointers take part in 64-bit addition and subtraction only"),
    ),
    (
        "another address in 32 bits",
        packet!("w3 = w10\nexit"),
        Some("pointers take part in 64-bit addition and subtraction only"),
    ),
    (
        "a comparison with a number",
        packet!("if r1 > 5 goto 0\nexit"),
        Some("pointers compare with null and with pointers into the same memory only"),
    ),
    ("a comparison with null", packet!("if r1 == 0 goto 0\nexit"), None),
    ("an address as answer", packet!("r0 = r1\nexit"), Some("r0 is an address at exit: return a number")),
    (
        "an address in the packet",
        packet!("r3 = r1\nr3 += 14\nif r3 > r2 goto 1\n*(u64 *)(r1 + 0) = r1\nexit"),
        Some("a pointer would be stored in the packet: addresses stay in registers and on the stack"),
    ),
    (
        "an atomic operation",
        packet!("r3 = r1\nr3 += 14\nif r3 > r2 goto 1\nlock *(u64 *)(r1 + 0) += r0\nexit"),
        Some("atomic operations on the packet are not supported: use a map"),
    ),
];

const NOTHING: &str = "access of 1 bytes to the packet, of which 0 are known to be there: compare the address behind them \
                       with the end before";

const OFFSETS: &[Case] = &[
    (
        "a header of variable length",
        packet!(
            "r3 = r1\nr3 += 20\nif r3 > r2 goto out\nr4 = *(u8 *)(r1 + 14)\nr4 &= 15\nr4 <<= 2\nr1 += r4\nr3 = r1\n"
            "r3 += 8\nif r3 > r2 goto out\nr0 = *(u16 *)(r1 + 6)\nout:\nexit"
        ),
        None,
    ),
    (
        "what was proven before the addition of a number is not enough",
        packet!(
            "r3 = r1\nr3 += 20\nif r3 > r2 goto out\nr4 = *(u8 *)(r1 + 14)\nr4 &= 31\nr1 += r4\nr0 = *(u8 *)(r1 + 0)\n"
            "out:\nexit"
        ),
        Some(NOTHING),
    ),
    (
        "what was proven before is enough for a small number",
        packet!(
            "r3 = r1\nr3 += 20\nif r3 > r2 goto out\nr4 = *(u8 *)(r1 + 14)\nr4 &= 15\nr1 += r4\nr0 = *(u32 *)(r1 + 1)\n"
            "out:\nexit"
        ),
        None,
    ),
    (
        "it is enough for one byte less",
        packet!(
            "r3 = r1\nr3 += 20\nif r3 > r2 goto out\nr4 = *(u8 *)(r1 + 14)\nr4 &= 15\nr1 += r4\nr0 = *(u32 *)(r1 + 2)\n"
            "out:\nexit"
        ),
        Some(
            "access of 4 bytes to the packet, of which 3 are known to be there: compare the address behind them with \
             the end before",
        ),
    ),
    (
        "a number that may be negative",
        packet!(
            "r4 = *(u32 *)(r6 + 12)\nr4 &= 7\nr4 -= 4\nr1 += r4\nr3 = r1\nr3 += 8\nif r3 > r2 goto out\n"
            "r0 = *(u8 *)(r1 + 0)\nout:\nexit"
        ),
        Some("access of 1 bytes that may begin before the packet: check the offset before"),
    ),
    (
        "back into what lies before a number that is positive",
        packet!(
            "r4 = *(u32 *)(r6 + 12)\nr4 &= 7\nr1 += 14\nr1 += r4\nr3 = r1\nif r3 > r2 goto out\n"
            "r0 = *(u16 *)(r1 - 2)\nout:\nexit"
        ),
        None,
    ),
    (
        "a number without a bound",
        packet!("r4 = *(u32 *)(r6 + 12)\nr1 += r4\nexit"),
        Some("the pointer's offset is not bounded: compare the number that is added with a limit"),
    ),
    (
        "what one sum has shown does not hold for another",
        packet!(
            "r4 = *(u32 *)(r6 + 12)\nr4 &= 7\nr5 = *(u32 *)(r6 + 16)\nr5 &= 7\nr3 = r1\nr3 += r4\nr1 += r5\nr4 = r3\n"
            "r4 += 8\nif r4 > r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:\nexit"
        ),
        Some(NOTHING),
    ),
    (
        "a copy on the stack learns it too",
        packet!(
            "*(u64 *)(r10 - 8) = r1\nr3 = r1\nr3 += 14\nif r3 > r2 goto out\nr4 = *(u64 *)(r10 - 8)\n"
            "r0 = *(u8 *)(r4 + 13)\nout:\nexit"
        ),
        None,
    ),
    (
        "a second comparison that was decided by the first",
        packet!(
            "r3 = r1\nr3 += 14\nif r3 > r2 goto out\nr4 = r1\nr4 += 8\nif r4 <= r2 goto out\nr0 = *(u64 *)(r6 + 64)\n"
            "out:\nexit"
        ),
        None,
    ),
    (
        "ways that prove different lengths",
        packet!(
            "r4 = *(u32 *)(r6 + 12)\nr3 = r1\nr3 += 8\nif r4 > 5 goto more\nif r3 > r2 goto out\ngoto on\nmore:\nr3 += 8\n"
            "if r3 > r2 goto out\non:\nr5 = 0\nr5 = 1\nr5 = 2\nr5 = 3\nr5 = 4\nr5 = 5\nr0 = *(u64 *)(r1 + 8)\nout:\nexit"
        ),
        Some(
            "access of 8 bytes to the packet, of which 0 are known to be there: compare the address behind them with \
             the end before",
        ),
    ),
];

#[test]
fn comparisons() {
    all_as_expected_on(hook("xdp"), COMPARISONS);
}

#[test]
fn offsets() {
    all_as_expected_on(hook("xdp"), OFFSETS);
}
