//! Programs for packets at random: comparisons with the end of all forms, mostly before accesses that they may or may not
//! allow.
use super::generate::{Choice, arithmetic, bound};

/// Numbers in r0, r3, r7, r8; the context in r6; the packet in r9.
const START: &str = "r6 = r1\nr0 = *(u32 *)(r6 + 12)\nr3 = *(u32 *)(r6 + 16)\nr7 = 4\nr8 = *(u8 *)(r6 + 20)\n\
                     r9 = *(u32 *)(r6 + 0)\n*(u64 *)(r10 - 8) = r9\n";
const SIZES: &[&str] = &["u8", "u8", "u16", "u32", "u64"];

/// A comparison with the end; what follows it is reached both ways or one.
fn check(c: &mut Choice, label: &str) -> String {
    let ahead = [0, 1, 2, 4, 8, 14, 16, 20, 34][c.below(9) as usize];
    let end = if c.below(12) == 0 { 8 } else { 4 };
    // Mostly the form that makes sense: out if the packet is too short.
    let test = match c.below(8) {
        0 => c.of(&["r1 < r5", "r1 <= r5", "r5 > r1", "r5 >= r1", "r1 == r5"]),
        1 => c.of(&["r1 != r5", "r5 != r1"]),
        2..=4 => c.of(&["r1 > r5", "r5 < r1"]),
        _ => c.of(&["r1 >= r5", "r5 <= r1"]),
    };
    format!("r1 = r9\nr1 += {ahead}\nr5 = *(u32 *)(r6 + {end})\nif {test} goto {label}\n")
}

fn access(c: &mut Choice) -> String {
    let (size, off) = (c.of(SIZES), [0, 0, 1, 4, 6, 7, 8, 12, 13, -1, -4][c.below(11) as usize]);
    match c.below(4) {
        0 => format!("*({size} *)(r9 + {off}) = r{}\n", c.reg()),
        1 => format!("*({size} *)(r9 + {off}) = 5\n"),
        _ => format!("r{} = *({size} *)(r9 + {off})\n", c.reg()),
    }
}

fn movement(c: &mut Choice) -> String {
    let reg = c.reg();
    match c.below(6) {
        0 | 1 => format!("r9 += {}\n", [1, 2, 4, 8, 14, -1, -4, -14][c.below(8) as usize]),
        2 => format!("r{reg} &= {}\nr9 -= r{reg}\n", [1, 7, 12][c.below(3) as usize]),
        3 => format!("r9 += r{reg}\n"),
        _ => format!("r{reg} &= {}\nr9 += r{reg}\n", [1, 7, 12, 15, 31, 60][c.below(6) as usize]),
    }
}

fn helper(c: &mut Choice) -> String {
    let by = [-8, -4, 4, 8, 14, -20, 0, -252][c.below(8) as usize];
    let call = match c.below(6) {
        0 => format!("r1 = r6\nr2 = {by}\nr3 = r10\nr3 += -32\nr4 = {}\ncall xdp_load_bytes\n", c.below(34)),
        1 => format!("r1 = r9\nr2 = {}\nr3 = r9\nr4 = 4\nr5 = 0\ncall csum_diff\n", 4 * c.below(6)),
        2 => format!("r1 = r6\nr2 = r{}\ncall xdp_adjust_{}\n", c.reg(), c.of(&["head", "tail", "meta"])),
        _ => format!("r1 = r6\nr2 = {by}\ncall xdp_adjust_{}\n", c.of(&["head", "tail", "meta"])),
    };
    let again = match c.below(8) {
        0 => "",
        1 => "r9 = *(u32 *)(r6 + 8)\n",
        _ => "r9 = *(u32 *)(r6 + 0)\n",
    };
    format!("{call}r3 = 1\n{again}*(u64 *)(r10 - 8) = r9\n")
}

fn part(c: &mut Choice, n: usize) -> String {
    let label = format!("l{}", n + 1 + c.below(3) as usize);
    match c.below(13) {
        0..=2 => format!("{}{}", check(c, "out"), access(c)),
        3 => check(c, &label),
        4 | 5 => access(c),
        6 | 7 => format!("{}{}{}", movement(c), check(c, "out"), access(c)),
        8 => arithmetic(c),
        9 => bound(c, &label),
        10 => helper(c),
        11 => c.of(&["r9 = *(u64 *)(r10 - 8)\n", "*(u64 *)(r10 - 8) = r9\n"]).to_owned(),
        // Two ways that differ, long enough apart for the states to be compared.
        _ => {
            let (reg, long) = (c.reg(), "r1 = 0\n".repeat(9));
            let (a, b) = (movement(c), if c.below(2) == 0 { movement(c) } else { check(c, "out") });
            format!("if r{reg} > {} goto a{n}\n{a}goto b{n}\na{n}:\n{long}{b}b{n}:\n", c.edge() as i32)
        }
    }
}

/// A program of some parts, sometimes in a loop, which counts or goes on to the packet's end.
pub fn program(c: &mut Choice) -> String {
    let parts = 2 + c.below(6) as usize;
    let mut text = vec![START.to_owned()];
    let looped = c.below(3);
    if looped > 0 {
        text.push("*(u64 *)(r10 - 48) = 0\nloop:\n".to_owned());
    }
    text.extend((0..parts).map(|n| format!("l{n}:\n{}", part(c, n))));
    text.extend((parts..parts + 4).map(|n| format!("l{n}:\n")));
    let turns = [2, 3, 8, 100, 100_000][c.below(5) as usize];
    let count = "r1 = *(u64 *)(r10 - 48)\nr1 += 1\n*(u64 *)(r10 - 48) = r1\n";
    text.push(match looped {
        1 => format!("{count}if r1 < {turns} goto loop\n"),
        2 => format!("r9 += {}\n{}goto loop\n", 1 + c.below(4), check(c, "out")),
        _ => String::new(),
    });
    text.push("out:\nr0 = 0\nexit\n".to_owned());
    text.concat()
}
