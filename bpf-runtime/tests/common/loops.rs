//! Programs with loops of all forms at random: bounds at or near the ends of what the loop walks over.
use super::generate::{Choice, START, access, arithmetic, bound};

/// How a loop counts: its register, the step, the first number, the condition for another turn.
struct Count {
    width: &'static str,
    register: &'static str,
    start: i64,
    by: i64,
    again: String,
    top: bool,
}

fn count(c: &mut Choice, register: &'static str) -> Count {
    let width = if c.below(3) == 0 { "w" } else { "r" };
    let by = [1, 1, 1, 2, 3, 4, 8, 7][c.below(8) as usize];
    let turns = [1, 2, 3, 4, 8, 15, 16, 17, 63, 64, 65, 1000, 1_000_000][c.below(13) as usize];
    let slip = [0, 0, 0, 0, 1, -1][c.below(6) as usize];
    let low = [0, 0, 0, 1, -3, 5][c.below(6) as usize];
    let high = low + by * turns + slip;
    let down = c.below(3) == 0;
    let (start, by, end) = if down { (high, -by, low) } else { (low, by, high) };
    let tests: &[&str] = if down { &["!=", ">", "s>", ">=", "s>="] } else { &["!=", "<", "s<", "<=", "s<="] };
    // Sometimes the bound is a number from outside, limited or not.
    let end = match c.below(5) {
        0 => format!("{width}{}", c.reg()),
        _ => end.to_string(),
    };
    let again = format!("{width}{register} {} {end}", c.of(tests));
    Count { width, register, start, by, again, top: c.below(3) == 0 }
}

/// An access where the loop's counter, or a pointer that moves with it, says.
fn walk(c: &mut Choice, count: &Count, pointer: Option<&str>) -> String {
    let size = c.of(&["u8", "u8", "u16", "u32", "u64"]);
    let off = c.below(3) * 8;
    let register = count.register;
    if let Some(pointer) = pointer {
        return format!("r1 = *({size} *)(r{pointer} + {off})\n");
    }
    let scale = c.of(&["", "", "r2 <<= 1\n", "r2 <<= 3\n", "r2 &= 31\n", "r2 >>= 1\n", "w2 &= 63\n"]);
    let base = c.of(&["r1 = map[4][0] + 0 ll\n", "r1 = r10\nr1 += -32\n", "r1 = map[3][0] + 0 ll\n"]);
    let store = if base.contains("map[3]") || c.below(2) == 0 {
        format!("r1 = *({size} *)(r1 + {off})\n")
    } else {
        format!("*({size} *)(r1 + {off}) = r{register}\n")
    };
    format!("r2 = r{register}\n{scale}{base}r1 += r2\n{store}")
}

fn body(c: &mut Choice, count: &Count, pointer: Option<&str>, n: &mut usize, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..=c.below(3) {
        *n += 1;
        let label = *n;
        let part = match c.below(9) {
            0..=2 => walk(c, count, pointer),
            3 => arithmetic(c),
            4 => format!("{}{}l{label}:\n", bound(c, &format!("l{label}")), arithmetic(c)),
            5 => bound(c, "out"),
            6 => access(c, "r1 = r10\nr1 += -32\n"),
            7 if depth < 2 => one(c, n, depth + 1),
            8 => format!("r1 = r{}\ncall function\n", c.reg()),
            _ => {
                let (a, b) = (c.reg(), c.reg());
                format!("r{a} = *(u64 *)(r10 - 16)\nr{a} += 1\n*(u64 *)(r10 - 16) = r{b}\n")
            }
        };
        text.push_str(&part);
    }
    text
}

/// One loop.
fn one(c: &mut Choice, n: &mut usize, depth: usize) -> String {
    *n += 1;
    let label = *n;
    let count = count(c, ["9", "8", "7"][depth]);
    let pointer = (depth == 0 && c.below(3) == 0).then_some("8");
    let Count { width, register, start, by, ref again, top } = count;
    let (first, moved) = match pointer {
        Some(_) => {
            (c.of(&["r8 = map[4][0] + 0 ll\n", "r8 = r6\n", "r8 = r10\nr8 += -32\n"]), c.below(9) as i64)
        }
        None => ("", 0),
    };
    let limit = if c.below(2) == 0 { bound(c, "out") } else { String::new() };
    let inside = body(c, &count, pointer, n, depth);
    let step = format!("{width}{register} += {by}\n");
    let moves = if pointer.is_some() { format!("r8 += {moved}\n") } else { String::new() };
    let (before, after) = match c.below(4) {
        0 => (step.as_str(), ""),
        _ => ("", step.as_str()),
    };
    let enter = format!("{limit}{first}{width}{register} = {start}\n");
    if top {
        let text = format!("{enter}t{label}:\nif {again} goto b{label}\ngoto e{label}\nb{label}:\n");
        format!("{text}{before}{inside}{moves}{after}goto t{label}\ne{label}:\n")
    } else {
        format!("{enter}t{label}:\n{before}{inside}{moves}{after}if {again} goto t{label}\n")
    }
}

/// A program of a loop or two, which may hold others.
pub fn program(c: &mut Choice) -> String {
    let mut n = 0;
    let loops: String = (0..=c.below(2)).map(|_| one(c, &mut n, 0)).collect();
    let after = if c.below(2) == 0 {
        "r1 = map[4][0] + 0 ll\nr9 &= 255\nif r9 > 63 goto out\nr1 += r9\nr0 = *(u8 *)(r1 + 0)\n"
    } else {
        ""
    };
    format!("{START}{loops}{after}out:\nr0 = 0\nexit\nfunction:\nr0 = r1\nr0 >>= 1\nexit\n")
}
