//! Packets of `xdp` programs: addresses out of the context, and what comparisons with the packet's end prove.
use super::{Case, all_as_expected_on};
use crate::common::hook;

/// r1 the packet, r2 its end, r6 the context.
macro_rules! packet {
    ($($text:literal)+) => {
        concat!("r6 = r1\nr2 = *(u32 *)(r6 + 4)\nr1 = *(u32 *)(r6 + 0)\nr0 = 0\n", $($text),+)
    };
}

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

const CONTEXT: &[Case] = &[
    ("half of an address", "r0 = *(u16 *)(r1 + 0)\nexit", Some(WHOLE)),
    ("an address with sign", "r0 = *(s32 *)(r1 + 0)\nexit", Some(WHOLE)),
    ("two addresses at once", "r0 = *(u64 *)(r1 + 0)\nexit", Some(WHOLE)),
    ("a number", "r0 = *(u32 *)(r1 + 12)\nexit", None),
    ("a store", "*(u32 *)(r1 + 12) = 1\nr0 = 0\nexit", Some("the context is read-only")),
    (
        "behind it",
        "r0 = *(u32 *)(r1 + 24)\nexit",
        Some("access of 4 bytes to the context at offset 24: its bytes are 0 to 23"),
    ),
    (
        "a helper reads it",
        "r3 = r1\nr1 = map[2] ll\nr2 = r3\nr3 = 8\nr4 = 0\ncall ringbuf_output\nexit",
        Some(WHOLE),
    ),
];

const WHOLE: &str = "the context's field data is an address: it is read alone, as 4 bytes without sign";

const METADATA: &[Case] = &[
    (
        "metadata up to the packet",
        packet!(
            "r3 = *(u32 *)(r6 + 8)\nr4 = r3\nr4 += 4\nif r4 > r1 goto out\nr0 = *(u32 *)(r3 + 0)\nout:\nexit"
        ),
        None,
    ),
    (
        "metadata beyond what is known",
        packet!(
            "r3 = *(u32 *)(r6 + 8)\nr4 = r3\nr4 += 4\nif r4 > r1 goto out\nr0 = *(u32 *)(r3 + 4)\nout:\nexit"
        ),
        Some(
            "access of 4 bytes to the packet's metadata, of which 0 are known to be there: compare the address behind \
             them with the end before",
        ),
    ),
    (
        "metadata end at the packet's start, not inside",
        packet!(
            "r3 = *(u32 *)(r6 + 8)\nr4 = r3\nr4 += 4\nr1 += 4\nif r4 > r1 goto out\nr0 = *(u32 *)(r3 + 0)\nout:\nexit"
        ),
        Some("pointers compare with null and with pointers into the same memory only"),
    ),
    (
        "the packet's end is not the metadata's",
        packet!(
            "r3 = *(u32 *)(r6 + 8)\nr4 = r3\nr4 += 4\nif r4 > r2 goto out\nr0 = *(u32 *)(r3 + 0)\nout:\nexit"
        ),
        Some("pointers compare with null and with pointers into the same memory only"),
    ),
];

const HELPERS: &[Case] = &[
    (
        "addresses are gone when the packet moves",
        packet!(
            "r7 = r1\nr3 = r1\nr3 += 14\nif r3 > r2 goto out\nr1 = r6\nr2 = -8\ncall xdp_adjust_head\n"
            "r0 = *(u8 *)(r7 + 0)\nout:\nexit"
        ),
        Some("r7 is where the packet was before a helper moved it: load its address anew"),
    ),
    (
        "saved addresses are gone, too",
        packet!(
            "*(u64 *)(r10 - 8) = r1\nr1 = r6\nr2 = -8\ncall xdp_adjust_tail\nr1 = *(u64 *)(r10 - 8)\nr0 = *(u8 *)(r1 + 0)\n"
            "exit"
        ),
        Some("r1 is where the packet was before a helper moved it: load its address anew"),
    ),
    (
        "an old address compares with the new end, which proves nothing",
        packet!(
            "r7 = r1\nr7 += 14\nr1 = r6\nr2 = -8\ncall xdp_adjust_head\nr0 = 0\nr2 = *(u32 *)(r6 + 4)\n"
            "r1 = *(u32 *)(r6 + 0)\nif r7 > r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:\nexit"
        ),
        Some(NOTHING),
    ),
    (
        "an old address is not computed with",
        packet!("r7 = r1\nr1 = r6\nr2 = -8\ncall xdp_adjust_head\nr7 += 4\nexit"),
        Some("r7 is where the packet was before a helper moved it: load its address anew"),
    ),
    (
        "loaded anew they hold, and have to be compared",
        packet!(
            "r1 = r6\nr2 = -8\ncall xdp_adjust_head\nr0 = 0\nr2 = *(u32 *)(r6 + 4)\nr1 = *(u32 *)(r6 + 0)\nr3 = r1\n"
            "r3 += 14\nif r3 > r2 goto out\n*(u64 *)(r1 + 0) = r0\nout:\nexit"
        ),
        None,
    ),
    (
        "a key in the packet",
        packet!(
            "r3 = r1\nr3 += 14\nif r3 > r2 goto out\nr2 = r1\nr2 += 6\nr1 = map[1] ll\ncall map_lookup_elem\nr0 = 0\n"
            "out:\nexit"
        ),
        None,
    ),
    (
        "a key that the packet may not have",
        packet!(
            "r3 = r1\nr3 += 14\nif r3 > r2 goto out\nr2 = r1\nr2 += 7\nr1 = map[1] ll\ncall map_lookup_elem\nr0 = 0\n"
            "out:\nexit"
        ),
        Some(
            "access of 8 bytes to the packet, of which 7 are known to be there: compare the address behind them with \
             the end before",
        ),
    ),
    (
        "a helper writes the stack",
        packet!(
            "r1 = r6\nr2 = 14\nr3 = r10\nr3 += -8\nr4 = 8\ncall xdp_load_bytes\nr0 = *(u64 *)(r10 - 8)\nexit"
        ),
        None,
    ),
    (
        "a helper writes a number of bytes that is not known",
        packet!(
            "r4 = *(u32 *)(r6 + 12)\nr4 &= 7\nr4 += 1\nr1 = r6\nr2 = 14\nr3 = r10\nr3 += -8\ncall xdp_load_bytes\n"
            "r0 = *(u64 *)(r10 - 8)\nexit"
        ),
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "a helper overwrites a saved address",
        packet!(
            "*(u64 *)(r10 - 8) = r6\nr1 = r6\nr2 = 14\nr3 = r10\nr3 += -4\nr4 = 2\ncall xdp_load_bytes\n"
            "r1 = *(u64 *)(r10 - 8)\nexit"
        ),
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "a helper writes read-only data",
        packet!("r1 = r6\nr2 = 14\nr3 = map[3][0] + 0 ll\nr4 = 8\ncall xdp_load_bytes\nexit"),
        Some("the map value is read-only"),
    ),
    (
        "a helper writes the context",
        packet!("r1 = r6\nr2 = 14\nr3 = r6\nr3 += 12\nr4 = 4\ncall xdp_load_bytes\nexit"),
        Some("the context is read-only"),
    ),
    ("a checksum of nothing", packet!("r1 = 0\nr2 = 0\nr3 = 0\nr4 = 0\nr5 = 0\ncall csum_diff\nexit"), None),
    (
        "a checksum of null",
        packet!("r1 = 0\nr2 = 4\nr3 = 0\nr4 = 0\nr5 = 0\ncall csum_diff\nexit"),
        Some("r1 is a number, not an address: only pointers can be accessed"),
    ),
    ("a packet is redirected", "r1 = map[9] ll\nr2 = 1\nr3 = 0\ncall redirect_map\nexit", None),
    (
        "a packet is redirected by another map",
        "r1 = map[0] ll\nr2 = 1\nr3 = 0\ncall redirect_map\nexit",
        Some("redirect_map: r1 has to be a map that packets are redirected by"),
    ),
    (
        "a device is looked up and set",
        "*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[9] ll\ncall map_lookup_elem\nif r0 == 0 goto 1\n\
         *(u32 *)(r0 + 0) = 1\nr0 = 0\nexit",
        Some("the map value is read-only"),
    ),
    (
        "a device is set",
        "*(u64 *)(r10 - 8) = 1\nr2 = r10\nr2 += -4\nr3 = r2\nr4 = 0\nr1 = map[9] ll\ncall map_update_elem\nexit",
        Some("map_update_elem: r1 has to be a hash or array map"),
    ),
    (
        "a socket filter's helper",
        packet!("r1 = r6\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall skb_load_bytes\nexit"),
        Some("the hook's programs may not call skb_load_bytes"),
    ),
];

const LOOPS: &[Case] = &[
    (
        "a walk over the packet, counted",
        packet!(
            "r5 = 0\nagain:\nr3 = r1\nr3 += 4\nif r3 > r2 goto out\nr4 = *(u32 *)(r1 + 0)\nr0 += r4\nr1 = r3\nr5 += 1\n"
            "if r5 < 1000 goto again\nout:\nexit"
        ),
        None,
    ),
    (
        "a walk over the packet up to its end",
        packet!(
            "again:\nr3 = r1\nr3 += 4\nif r3 > r2 goto out\nr4 = *(u32 *)(r1 + 0)\nr0 += r4\nr1 += 4\ngoto again\nout:\nexit"
        ),
        None,
    ),
    (
        "a walk that reads one byte too many",
        packet!(
            "r5 = 0\nagain:\nr3 = r1\nr3 += 4\nif r3 > r2 goto out\nr4 = *(u32 *)(r1 + 1)\nr0 += r4\nr1 += 4\nr5 += 1\n"
            "if r5 < 1000 goto again\nout:\nexit"
        ),
        Some(
            "access of 4 bytes to the packet, of which 3 are known to be there: compare the address behind them with \
             the end before",
        ),
    ),
    (
        "headers of variable length, a limited number of them",
        packet!(
            "r5 = 0\nagain:\nr3 = r1\nr3 += 8\nif r3 > r2 goto out\nr4 = *(u8 *)(r1 + 1)\nr4 <<= 3\nr4 += 8\nr1 += r4\n"
            "r5 += 1\nif r5 < 6 goto again\nr3 = r1\nr3 += 2\nif r3 > r2 goto out\nr0 = *(u16 *)(r1 + 0)\nout:\nexit"
        ),
        None,
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

#[test]
fn context() {
    all_as_expected_on(hook("xdp"), CONTEXT);
}

#[test]
fn metadata() {
    all_as_expected_on(hook("xdp"), METADATA);
}

#[test]
fn helpers() {
    all_as_expected_on(hook("xdp"), HELPERS);
}

#[test]
fn loops() {
    all_as_expected_on(hook("xdp"), LOOPS);
}
