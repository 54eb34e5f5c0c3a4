//! Ranges: what a mask, a comparison or a cast says about an index. r6 is 64 bits from outside; the memory is the
//! 64 bytes of map 4 at r7.
use super::all_as_expected;

const START: &str = "r6 = *(u64 *)(r1 + 0)\nr7 = map[4][0] + 0 ll\nr0 = 0\n";
const ACCESS: &str = "\nr7 += r6\nr0 = *(u8 *)(r7 + 0)\nout:\nr0 = 0\nexit";
const UNBOUNDED: Option<&str> =
    Some("the pointer's offset is not bounded: compare the number that is added with a limit");

fn outside(from: i64, to: i64) -> &'static str {
    let text = format!(
        "access of 1 bytes to the map value at offset {from} to {to}: its bytes are 0 to 63, check the offset before"
    );
    text.leak()
}

#[test]
fn an_index_is_bounded_by() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("nothing", "", UNBOUNDED),
        ("a mask", "r6 &= 63", None),
        ("a mask that is one bit too wide", "r6 &= 127", Some(outside(0, 127))),
        ("a mask with a hole", "r6 &= 0x21", None),
        ("a comparison", "if r6 > 63 goto out", None),
        ("a comparison off by one", "if r6 > 64 goto out", Some(outside(0, 64))),
        ("a comparison the other way round", "r8 = 64\nif r8 <= r6 goto out", None),
        ("a signed comparison only", "if r6 s> 63 goto out", UNBOUNDED),
        ("signed comparisons from both sides", "if r6 s> 63 goto out\nif r6 s< 0 goto out", None),
        (
            "signed comparisons off by one",
            "if r6 s> 63 goto out\nif r6 s< -1 goto out",
            Some(outside(-1, 63)),
        ),
        ("a comparison of 32 bits only", "if w6 > 63 goto out", UNBOUNDED),
        ("a comparison of 32 bits, then cut", "if w6 > 63 goto out\nw6 = w6", None),
        ("a comparison of 32 bits, then shifted", "if w6 > 63 goto out\nr6 <<= 32\nr6 >>= 32", None),
        ("a cut, then a comparison of 32 bits", "w6 = w6\nif w6 > 63 goto out", None),
        ("a signed comparison of 32 bits", "if w6 s> 63 goto out\nw6 = w6", UNBOUNDED),
        (
            "signed comparisons of 32 bits, then sign-extended",
            "if w6 s> 63 goto out\nif w6 s< 0 goto out\nr6 = (s32)r6",
            None,
        ),
        ("a sign extension of a byte", "r6 = (s8)r6", Some(outside(-128, 127))),
        ("a load of a byte, halved twice", "r6 = *(u8 *)(r1 + 0)\nr6 >>= 2", None),
        ("a load of a byte with its sign", "r6 = *(s8 *)(r1 + 0)\nr6 s>>= 2", Some(outside(-32, 31))),
        ("a remainder", "r6 %= 64", None),
        ("a remainder by what may be 0", "r8 = *(u8 *)(r1 + 8)\nr6 %= r8", UNBOUNDED),
        ("a quotient", "r6 &= 0xff\nr6 /= 4", None),
        ("a quotient by what may be 0", "r8 = *(u8 *)(r1 + 8)\nr6 &= 63\nr6 /= r8", None),
        ("a signed remainder", "r6 s%= 64", Some(outside(-63, 63))),
        ("equality", "if r6 != 17 goto out", None),
        ("bits that are not set", "if r6 & -64 goto out", None),
        ("bits of 32 that are not set", "if w6 & -64 goto out\nw6 = w6", None),
        ("a copy that is compared", "r8 = r6\nif r8 > 63 goto out", None),
        ("a copy that was changed", "r8 = r6\nr8 += 1\nif r8 > 63 goto out", UNBOUNDED),
        (
            "a saved copy that is compared",
            "*(u64 *)(r10 - 8) = r6\nif r6 > 63 goto out\nr6 = *(u64 *)(r10 - 8)",
            None,
        ),
        ("an overwritten copy", "r8 = r6\nr6 = *(u64 *)(r1 + 8)\nif r8 > 63 goto out", UNBOUNDED),
        ("a product", "r6 &= 7\nr6 *= 9", None),
        ("a product too large", "r6 &= 7\nr6 *= 10", Some(outside(0, 70))),
        ("a product that wraps", "r6 &= 7\nr8 = 0x4000000000000001 ll\nr6 *= r8", UNBOUNDED),
        ("a sum", "r6 &= 31\nr8 = *(u8 *)(r1 + 8)\nr8 &= 32\nr6 += r8", None),
        ("a difference", "r6 &= 31\nr8 = 63\nr8 -= r6\nr6 = r8", None),
        ("a difference below 0", "r6 &= 31\nr8 = 30\nr8 -= r6\nr6 = r8", Some(outside(-1, 30))),
        ("an or", "r6 &= 32\nr6 |= 31", None),
        ("an exclusive or", "r6 &= 63\nr6 ^= 63", None),
        ("a shift to the left", "r6 &= 7\nr6 <<= 3", None),
        ("a shift by a number from outside", "r8 = *(u8 *)(r1 + 8)\nr6 &= 1\nr6 <<= r8", UNBOUNDED),
        ("a shift by a bounded number", "r8 = *(u8 *)(r1 + 8)\nr8 &= 5\nr6 &= 1\nr6 <<= r8", None),
        ("32 bits that wrap", "r6 &= 63\nw6 += -64\nw6 &= 63", None),
        ("32 bits below 0", "r6 &= 63\nw6 += -64", UNBOUNDED),
        ("a byte swap", "r6 &= 0xff\nr6 = be16 r6\nr6 >>= 10", None),
        ("a test that can't come out so", "r6 &= 63\nif r6 < 64 goto fine\nr6 = 100\nfine:", None),
        ("a random number", "call get_prandom_u32\nr6 = r0\nr6 &= 63", None),
        ("a lower bound near the top", "r8 = -64 \nif r6 < r8 goto out\nr6 -= r8", None),
    ];
    for (name, bound, reason) in cases {
        let clean = bound.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        let program = format!("{START}{clean}{ACCESS}");
        all_as_expected(&[(name, program.leak(), *reason)]);
    }
}
