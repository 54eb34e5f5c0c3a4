//! The context of packets, and their metadata.
use super::{Case, all_as_expected_on, hook};

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

#[test]
fn context() {
    all_as_expected_on(hook("xdp"), CONTEXT);
}

#[test]
fn metadata() {
    all_as_expected_on(hook("xdp"), METADATA);
}
