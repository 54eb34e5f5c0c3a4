//! Loops over packets.
use super::{Case, all_as_expected_on, hook};

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
fn loops() {
    all_as_expected_on(hook("xdp"), LOOPS);
}
