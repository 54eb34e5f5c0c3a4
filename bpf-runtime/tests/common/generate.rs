//! Programs at random, of parts that make sense often enough to be accepted and go wrong often enough to matter.

/// A deterministic source of choices: bytes, while there are any, then what a seed gives.
pub struct Choice<'a> {
    seed: u64,
    bytes: &'a [u8],
}

impl<'a> Choice<'a> {
    pub const fn seeded(seed: u64) -> Self {
        Self { seed, bytes: &[] }
    }

    pub const fn of_bytes(bytes: &'a [u8]) -> Self {
        Self { seed: 1, bytes }
    }

    /// 31 bits, or a byte while there are any.
    pub fn next(&mut self) -> u64 {
        if let Some((&byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return byte.into();
        }
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }

    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(super) fn of<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len() as u64) as usize]
    }

    /// Numbers near the edges of what the memory regions hold.
    pub fn edge(&mut self) -> i64 {
        let near = [0, 1, 7, 8, 15, 16, 24, 31, 32, 56, 63, 64, 127, 128, 255, 0x7fff_ffff, -1, -8, -64];
        near[self.below(near.len() as u64) as usize] + self.below(3) as i64 - 1
    }

    pub(super) fn reg(&mut self) -> &'static str {
        self.of(&["0", "3", "7", "8"])
    }
}

/// Numbers in r0, r3, r7, r8; the context in r6; the stack's last 32 bytes written.
pub(super) const START: &str = "r6 = r1\nr0 = *(u64 *)(r6 + 0)\nr3 = *(u32 *)(r6 + 8)\nr7 = *(u8 *)(r6 + 16)\n\
                     r8 = *(s16 *)(r6 + 24)\n*(u64 *)(r10 - 8) = r0\n*(u64 *)(r10 - 16) = 5\n\
                     *(u64 *)(r10 - 24) = r8\n*(u64 *)(r10 - 32) = r7\n";
const OPERATORS: &[&str] =
    &["+=", "-=", "*=", "/=", "s/=", "|=", "&=", "<<=", ">>=", "%=", "s%=", "^=", "=", "s>>="];
const COMPARISONS: &[&str] = &["==", "!=", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<=", "&"];
const SIZES: &[&str] = &["u8", "u16", "u32", "u64", "s8", "s16", "s32"];

pub(super) fn arithmetic(c: &mut Choice<'_>) -> String {
    let (width, dst, op) = (c.of(&["r", "w"]), c.reg(), c.of(OPERATORS));
    match c.below(10) {
        8 => format!("{width}{dst} = {width}{}\n", c.reg()),
        0 => format!("r{dst} = (s{})r{}\n", c.of(&["8", "16", "32"]), c.reg()),
        1 => format!("r{dst} = {}{} r{dst}\n", c.of(&["be", "le", "bswap"]), c.of(&["16", "32", "64"])),
        2 => format!("{width}{dst} = -{width}{dst}\n"),
        3 | 4 => format!("{width}{dst} {op} {width}{}\n", c.reg()),
        _ if op.contains("<<") || op.contains(">>") => format!("{width}{dst} {op} {}\n", c.below(32)),
        _ => format!("{width}{dst} {op} {}\n", c.edge() as i32),
    }
}

/// Something that bounds a register, most of the time.
pub(super) fn bound(c: &mut Choice<'_>, label: &str) -> String {
    let (width, reg, limit) = (c.of(&["r", "r", "w"]), c.reg(), c.edge() as i32);
    match c.below(4) {
        0 => format!("{width}{reg} &= {}\n", c.edge() as i32),
        1 => format!("if {width}{reg} {} {limit} goto {label}\n", c.of(COMPARISONS)),
        2 => format!("if {width}{reg} {} {width}{} goto {label}\n", c.of(COMPARISONS), c.reg()),
        _ => format!("if {width}{reg} {} {limit} goto {label}\n", c.of(&[">", "s>", ">=", "s>="])),
    }
}

/// An access at an offset that is a register's number.
pub(super) fn access(c: &mut Choice<'_>, base: &str) -> String {
    let (size, reg, off) = (c.of(SIZES), c.reg(), c.below(10));
    let place = |size: &str| format!("*({size} *)(r1 + {off})");
    let moved = match c.below(4) {
        0 => String::new(),
        1 => format!("r1 -= r{reg}\n"),
        _ => format!("r1 += r{reg}\n"),
    };
    let access = match c.below(6) {
        0 => format!("r{} = {}\n", c.reg(), place(size)),
        1 if off % 8 == 0 => format!("lock {} += r{}\n", place(c.of(&["u32", "u64"])), c.reg()),
        2 => {
            let (size, reg) = (c.of(&["u32", "u64"]), c.reg());
            format!("r{reg} = atomic_fetch_xor({}, r{reg})\n", place(size))
        }
        _ if base.contains("r6") || base.contains("map[3]") => format!("r{} = {}\n", c.reg(), place(size)),
        _ => format!("{} = r{}\n", place(&size.replace('s', "u")), c.reg()),
    };
    format!("{base}{moved}{access}")
}

fn lookup(c: &mut Choice<'_>, label: &str) -> String {
    let (map, key, size) = if c.below(2) == 0 { (0, 4, "u32") } else { (1, 8, "u64") };
    let check = if c.below(8) == 0 { String::new() } else { format!("if r0 == 0 goto {label}\n") };
    let access = access(c, "r1 = r0\n");
    format!(
        "*({size} *)(r10 - 40) = r{}\nr2 = r10\nr2 += -40\nr1 = map[{map}] ll\ncall map_lookup_elem\n\
         r3 = {key}\n{check}{access}r0 = 0\n",
        c.reg()
    )
}

fn record(c: &mut Choice<'_>, label: &str) -> String {
    let size = 8 * c.below(4) + 1;
    let give = c.of(&["submit", "discard"]);
    let access = access(c, "r1 = r9\n");
    format!(
        "r1 = map[2] ll\nr2 = {size}\nr3 = 0\ncall ringbuf_reserve\nr3 = 1\nif r0 == 0 goto {label}\nr9 = r0\nr0 = 2\n\
         {access}r1 = r9\nr2 = 0\ncall ringbuf_{give}\nr0 = 3\nr3 = 4\n"
    )
}

fn part(c: &mut Choice<'_>, n: usize) -> String {
    let label = format!("l{}", n + 1 + c.below(3) as usize);
    match c.below(14) {
        0..=2 => arithmetic(c),
        // Two ways that differ, long enough apart for the states to be compared.
        13 => {
            let (reg, long) = (c.reg(), "r1 = 0\n".repeat(9));
            let (a, b) = (arithmetic(c), arithmetic(c));
            format!("if r{reg} > {} goto a{n}\n{a}goto b{n}\na{n}:\n{long}{b}b{n}:\n", c.edge() as i32)
        }
        3..=5 => bound(c, &label),
        6 => access(c, "r1 = r6\n"),
        7 => access(c, "r1 = r10\nr1 += -32\n"),
        8 => access(c, c_map(n)),
        9 => lookup(c, &label),
        10 => record(c, &label),
        11 => {
            let slot = 8 * (1 + c.below(4));
            let size = c.of(&["u64", "u64", "u32", "u8"]);
            let (a, b) = (c.reg(), c.reg());
            format!("*({size} *)(r10 - {slot}) = r{a}\n{}r{b} = *({size} *)(r10 - {slot})\n", arithmetic(c))
        }
        _ => format!("r1 = r{}\nr2 = r10\nr2 += -16\ncall function\nr3 = 1\n", c.reg()),
    }
}

fn c_map(n: usize) -> &'static str {
    if n.is_multiple_of(2) { "r1 = map[4][0] + 0 ll\n" } else { "r1 = map[3][0] + 0 ll\n" }
}

/// A program of some parts, sometimes in a loop.
pub fn program(c: &mut Choice<'_>) -> String {
    let parts = 3 + c.below(7) as usize;
    let looped = c.below(3) == 0;
    let mut text: Vec<String> = vec![START.to_owned()];
    if looped {
        text.push("*(u64 *)(r10 - 48) = 0\nloop:\n".to_owned());
    }
    text.extend((0..parts).map(|n| format!("l{n}:\n{}", part(c, n))));
    text.extend((parts..parts + 4).map(|n| format!("l{n}:\n")));
    if looped {
        let turns = 1 + c.below(12);
        let count = "r1 = *(u64 *)(r10 - 48)\nr1 += 1\n*(u64 *)(r10 - 48) = r1\n";
        text.push(format!("{count}if r1 < {turns} goto loop\n"));
    }
    let function = c.of(&[
        "r0 = *(u64 *)(r2 + 0)\nr0 += r1\nexit\n",
        "r0 = r1\nr0 &= 31\nr2 -= r0\nr0 = *(u8 *)(r2 + 8)\nexit\n",
        "if r1 > 7 goto big\nr2 += r1\n*(u8 *)(r2 + 0) = 1\nbig:\nr0 = r1\nexit\n",
    ]);
    text.push(format!("r0 = 0\nexit\nfunction:\n{function}"));
    text.concat()
}

/// Contexts with numbers at the edges.
pub fn context(c: &mut Choice<'_>) -> [u8; 32] {
    let mut bytes = [0; 32];
    for word in bytes.chunks_mut(8) {
        let random = c.next() << 32 ^ c.next();
        let word_value = if c.below(2) == 0 { c.edge() as u64 } else { random };
        word.copy_from_slice(&word_value.to_le_bytes());
    }
    bytes
}
