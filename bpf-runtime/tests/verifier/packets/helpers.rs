//! Helpers that read, move or pass on packets.
use super::{Case, NOTHING, all_as_expected_on, hook};

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

#[test]
fn helpers() {
    all_as_expected_on(hook("xdp"), HELPERS);
}
