//! Instructions at random, all of them and with all registers: they need no verifier, since they touch nothing but
//! their frame.
use bpf_runtime::isa::{Insn, REGISTERS, decode, opcode as o};

/// A deterministic source of numbers (xorshift64*, Vigna 2016).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() >> 8) as usize % from.len()]
    }

    /// Numbers of all magnitudes, those at edges more often.
    fn number(&mut self) -> u64 {
        let edges =
            [0, 1, 2, 7, 8, 31, 32, 63, 64, 0x7fff_ffff, 0x8000_0000, u64::MAX, 1 << 63, u64::MAX >> 1];
        match self.next() >> 61 {
            0..=2 => self.of(&edges),
            3 => (self.next() as i32) as u64,
            4 => u64::from(self.next() as u32),
            shift => self.next() >> (7 * shift),
        }
    }
}

const BODY: usize = 40;
const NUMBERS: u8 = REGISTERS as u8 - 1;

fn arithmetic(c: &mut Rng, op: u8) -> Insn {
    let register = op & o::X != 0;
    let (dst, src) = (c.of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), c.of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    let swap = op & o::OPERATION == 0xd0;
    let off = if c.next() >> 63 == 0 { 0 } else { c.of(&[1, 8, 16, 32]) };
    let imm = if swap { c.of(&[16, 32, 64]) } else { c.number() as i32 };
    Insn { op, dst, src: if register { src } else { 0 }, off, imm: if register && !swap { 0 } else { imm } }
}

/// Forward, over a few instructions at most.
fn jump(c: &mut Rng, op: u8, room: usize) -> Insn {
    let insn = arithmetic(c, op);
    Insn { off: c.of(&[0, 1, 2, 3, 4]).min(room as i16), ..insn }
}

fn memory(c: &mut Rng, op: u8) -> Insn {
    let place = -8 * c.of(&[1, 2, 3, 64]);
    let register = c.of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let (dst, src) = if op & o::CLASS == o::LDX { (register, 10) } else { (10, register) };
    match (op & o::CLASS, op & o::MODE) {
        (o::ST, _) => Insn { op, dst, src: 0, off: place, imm: c.number() as i32 },
        (o::STX, o::ATOMIC) => {
            let imm = c.of(&[0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, o::XCHG, o::CMPXCHG]);
            Insn { op, dst, src, off: place, imm }
        }
        _ => Insn { op, dst, src, off: place, imm: 0 },
    }
}

fn any(c: &mut Rng, room: usize) -> Insn {
    loop {
        let op = c.next() as u8;
        let insn = match op & o::CLASS {
            o::ALU | o::ALU64 => arithmetic(c, op),
            o::JMP | o::JMP32 if !matches!(op & o::OPERATION, 0x00 | 0x80 | 0x90) => jump(c, op, room),
            o::LDX | o::ST | o::STX => memory(c, op),
            _ => continue,
        };
        if decode(&[insn], 0).is_ok() {
            return insn;
        }
    }
}

/// Numbers in r0 to r9, then anything, then r0 to r9 and the frame's used parts in r0.
pub fn program(c: &mut Rng) -> Vec<Insn> {
    let mut code = vec![];
    for dst in 0..NUMBERS {
        let value = c.number();
        code.push(Insn { op: o::LDDW, dst, imm: value as i32, ..Insn::default() });
        code.push(Insn { imm: (value >> 32) as i32, ..Insn::default() });
    }
    code.extend((0..BODY).map(|i| any(c, BODY - 1 - i)));
    for src in 1..NUMBERS {
        code.push(Insn { op: o::ALU64 | 0x20, dst: 0, imm: 31, ..Insn::default() });
        code.push(Insn { op: o::ALU64 | o::X, dst: 0, src, ..Insn::default() });
    }
    for off in [-8, -16, -24, -512] {
        code.push(Insn { op: o::LDX | o::MEM | o::DW, dst: 1, src: 10, off, imm: 0 });
        code.push(Insn { op: o::ALU64 | 0x20, dst: 0, imm: 31, ..Insn::default() });
        code.push(Insn { op: o::ALU64 | o::X, dst: 0, src: 1, ..Insn::default() });
    }
    code.push(Insn { op: o::EXIT, ..Insn::default() });
    code
}
