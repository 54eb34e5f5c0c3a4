//! An assembler for tests: one instruction a line, in the form that the disassembler shows. `name:` is a label,
//! jumps and `call name` go to labels, `;` begins a comment. Mistakes panic: it is for tests.
use std::collections::HashMap;

use bpf_runtime::{
    helper::HELPERS,
    isa::{Insn, opcode as o},
};

const ALU: [(&str, u8, i16); 14] = [
    ("+=", 0x00, 0),
    ("-=", 0x10, 0),
    ("*=", 0x20, 0),
    ("/=", 0x30, 0),
    ("s/=", 0x30, 1),
    ("|=", 0x40, 0),
    ("&=", 0x50, 0),
    ("<<=", 0x60, 0),
    (">>=", 0x70, 0),
    ("%=", 0x90, 0),
    ("s%=", 0x90, 1),
    ("^=", 0xa0, 0),
    ("=", 0xb0, 0),
    ("s>>=", 0xc0, 0),
];
const JUMPS: [(&str, u8); 11] = [
    ("==", 0x10),
    (">", 0x20),
    (">=", 0x30),
    ("&", 0x40),
    ("!=", 0x50),
    ("s>", 0x60),
    ("s>=", 0x70),
    ("<", 0xa0),
    ("<=", 0xb0),
    ("s<", 0xc0),
    ("s<=", 0xd0),
];
const ATOMICS: [(&str, &str, i32); 4] =
    [("+=", "add", 0), ("|=", "or", 0x40), ("&=", "and", 0x50), ("^=", "xor", 0xa0)];

/// Assembles a program.
pub fn assemble(text: &str) -> Vec<Insn> {
    let mut labels = HashMap::new();
    let mut lines = vec![];
    let mut at = 0;
    for line in text.lines().map(|line| line.split(';').next().unwrap().trim()).filter(|l| !l.is_empty()) {
        if let Some(label) = line.strip_suffix(':') {
            labels.insert(label, at);
        } else {
            lines.push((at, line));
            at += if line.ends_with(" ll") { 2 } else { 1 };
        }
    }
    let distance = |at: i64, label: &str| {
        let to = labels.get(label).copied().or_else(|| Some(at + 1 + label.parse::<i64>().ok()?));
        to.unwrap_or_else(|| panic!("no label {label}")) - at - 1
    };
    lines.iter().flat_map(|&(at, line)| instruction(line, |label| distance(at, label))).collect()
}

fn register(text: &str) -> Option<(u8, bool)> {
    let text = text.trim_end_matches([',', ')']);
    let wide = match text.as_bytes().first()? {
        b'r' => true,
        b'w' => false,
        _ => return None,
    };
    text[1..].parse().ok().map(|number| (number, wide))
}

fn number(text: &str) -> i64 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let n = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    sign * n.unwrap_or_else(|_| panic!("not a number: {text}")) as i64
}

/// `*(u64 *)(r1 + 8)`: size bits, whether signed, base, offset.
fn place(text: &str) -> (u8, bool, u8, i16) {
    let inner = text.trim().trim_start_matches("*(").trim_end_matches(')');
    let (kind, address) = inner.split_once(" *)(").unwrap_or_else(|| panic!("not a place: {text}"));
    let size = match &kind[1..] {
        "8" => o::B,
        "16" => o::H,
        "32" => o::W,
        "64" => o::DW,
        _ => panic!("size of {text}"),
    };
    let mut words = address.split_whitespace();
    let (base, _) = register(words.next().unwrap()).unwrap();
    let sign = words.next().unwrap_or("+");
    let off = words.next().map_or(0, number) * if sign == "-" { -1 } else { 1 };
    (size, kind.starts_with('s'), base, off as i16)
}

fn instruction(line: &str, distance: impl Fn(&str) -> i64) -> Vec<Insn> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let one = |insn| vec![insn];
    match words[0] {
        "exit" => one(Insn { op: o::EXIT, ..Insn::default() }),
        "goto" => one(Insn { op: o::JA, off: distance(words[1]) as i16, ..Insn::default() }),
        "gotol" => one(Insn { op: o::GOTOL, imm: distance(words[1]) as i32, ..Insn::default() }),
        "callx" => one(Insn { op: o::CALLX, dst: register(words[1]).unwrap().0, ..Insn::default() }),
        "call" => one(call(words[1], distance)),
        "if" => one(jump(&words, distance)),
        "lock" => one(lock(line)),
        ".insn" => one(raw(&words[1..])),
        word if word.starts_with("*(") => one(store(line)),
        _ => assign(line, &words, distance),
    }
}

fn raw(fields: &[&str]) -> Insn {
    let mut insn = Insn::default();
    for (name, value) in fields.iter().map(|field| field.split_once('=').unwrap()) {
        let value = number(value);
        match name {
            "op" => insn.op = value as u8,
            "dst" => insn.dst = value as u8,
            "src" => insn.src = value as u8,
            "off" => insn.off = value as i16,
            _ => insn.imm = value as i32,
        }
    }
    insn
}

fn call(target: &str, distance: impl Fn(&str) -> i64) -> Insn {
    let named = HELPERS.iter().find(|helper| helper.name == target).map(|helper| helper.number as i32);
    match named.or_else(|| target.parse().ok()) {
        Some(number) => Insn { op: o::CALL, imm: number, ..Insn::default() },
        None => Insn { op: o::CALL, src: 1, imm: distance(target) as i32, ..Insn::default() },
    }
}

fn jump(words: &[&str], distance: impl Fn(&str) -> i64) -> Insn {
    let (dst, wide) = register(words[1]).unwrap();
    let operation = JUMPS.iter().find(|(name, _)| *name == words[2]).unwrap().1;
    let class = if wide { o::JMP } else { o::JMP32 };
    let insn = Insn { op: class | operation, dst, off: distance(words[5]) as i16, ..Insn::default() };
    match register(words[3]) {
        Some((src, _)) => Insn { op: insn.op | o::X, src, ..insn },
        None => Insn { imm: number(words[3]) as i32, ..insn },
    }
}

fn store(line: &str) -> Insn {
    let (to, value) = line.rsplit_once(" = ").unwrap();
    let (size, _, dst, off) = place(to);
    match register(value) {
        Some((src, _)) => Insn { op: o::STX | o::MEM | size, dst, src, off, imm: 0 },
        None => Insn { op: o::ST | o::MEM | size, dst, src: 0, off, imm: number(value) as i32 },
    }
}

/// `lock *(u64 *)(r1 + 0) += r2`
fn lock(line: &str) -> Insn {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (sign, src) = (words[words.len() - 2], register(words[words.len() - 1]).unwrap().0);
    let to = line.trim_start_matches("lock ").rsplit_once(sign).unwrap().0;
    let (size, _, dst, off) = place(to);
    let imm = ATOMICS.iter().find(|(s, ..)| *s == sign).unwrap().2;
    Insn { op: o::STX | o::ATOMIC | size, dst, src, off, imm }
}

/// `r2 = atomic_fetch_add(*(u64 *)(r1 + 0), r2)`, `xchg`, `cmpxchg(place, r0, r2)`
fn fetch(line: &str) -> Insn {
    let (name, arguments) = line.split_once(" = ").unwrap().1.split_once('(').unwrap();
    let (to, last) = arguments.split_once("), ").unwrap();
    let src = register(last.rsplit(' ').next().unwrap()).unwrap().0;
    let (size, _, dst, off) = place(to);
    let imm = match name {
        "xchg" => o::XCHG,
        "cmpxchg" => o::CMPXCHG,
        _ => {
            let operation = name.trim_start_matches("atomic_fetch_");
            ATOMICS.iter().find(|(_, n, _)| *n == operation).unwrap().2 | o::FETCH
        }
    };
    Insn { op: o::STX | o::ATOMIC | size, dst, src, off, imm }
}

fn assign(line: &str, words: &[&str], distance: impl Fn(&str) -> i64) -> Vec<Insn> {
    let (dst, wide) = register(words[0]).unwrap_or_else(|| panic!("what is {line}"));
    let class = if wide { o::ALU64 } else { o::ALU };
    let value = words[2..].join(" ");
    let insn = Insn { dst, ..Insn::default() };
    if value.ends_with(" ll") {
        return wide_load(insn, words, distance);
    }
    if value.contains("xchg(") || value.contains("atomic_fetch_") {
        return vec![fetch(line)];
    }
    if value.starts_with("*(") {
        let (size, signed, src, off) = place(&value);
        let mode = if signed { o::MEMSX } else { o::MEM };
        return vec![Insn { op: o::LDX | mode | size, src, off, ..insn }];
    }
    if value.starts_with("-r") || value.starts_with("-w") {
        return vec![Insn { op: class | 0x80, ..insn }];
    }
    if let Some((bits, src)) = value.strip_prefix("(s").and_then(|cast| cast.split_once(')')) {
        let src = register(src).unwrap().0;
        return vec![Insn { op: class | 0xb0 | o::X, src, off: bits.parse().unwrap(), ..insn }];
    }
    for (name, op) in [("bswap", o::ALU64 | 0xd0), ("be", o::ALU | 0xd0 | o::X), ("le", o::ALU | 0xd0)] {
        if let Some(bits) = words[2].strip_prefix(name) {
            return vec![Insn { op, imm: bits.parse().unwrap(), ..insn }];
        }
    }
    let (_, operation, off) = *ALU.iter().find(|(name, ..)| *name == words[1]).unwrap();
    let insn = Insn { op: class | operation, off, ..insn };
    vec![match register(&value) {
        Some((src, _)) => Insn { op: insn.op | o::X, src, ..insn },
        None => Insn { imm: number(&value) as i32, ..insn },
    }]
}

/// `r1 = 0x12 ll`, `r1 = map[0] ll`, `r1 = map[0][0] + 4 ll`, `r1 = code label ll`
fn wide_load(insn: Insn, words: &[&str], distance: impl Fn(&str) -> i64) -> Vec<Insn> {
    let insn = Insn { op: o::LDDW, ..insn };
    let index = |text: &str| number(text.trim_start_matches("map[").split(']').next().unwrap()) as i32;
    let (src, low, high) = match words[2] {
        "code" => (o::LDDW_CODE, distance(words[3]) as i32, 0),
        map if map.ends_with("][0]") => (o::LDDW_MAP_VALUE, index(map), number(words[4]) as i32),
        map if map.starts_with("map[") => (o::LDDW_MAP, index(map), 0),
        value => (o::LDDW_NUMBER, number(value) as i32, (number(value) >> 32) as i32),
    };
    vec![Insn { src, imm: low, ..insn }, Insn { imm: high, ..Insn::default() }]
}
