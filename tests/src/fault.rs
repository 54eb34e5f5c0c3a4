//! Faults put into a running service from outside: its code in the machine's memory is overwritten.

use std::{fs, ops::Range};

use anyhow::{Context, Result, bail};
use caps::standard;
use object::{Object, ObjectSegment, SegmentFlags, elf};
use report::counters;

use crate::{System, gdb::Gdb, tools};

const PAGE: usize = 4096;
/// Fewer bytes of code than this could lie anywhere by chance.
const LEAST: usize = 64;

/// What a service's code is overwritten with. The service goes on at any of its instructions.
struct Code {
    /// Physical address of the machine's first byte of memory.
    memory: u64,
    /// Faults, wherever it is entered.
    fault: u8,
    /// What is said then.
    said: &'static str,
    /// Does nothing.
    nop: &'static [u8],
    /// A jump to itself, at the end of a page: where all that is before it leads.
    spin: &'static [u8],
    /// The same, which also adds one to [`TURNS`] each time.
    busy: &'static [u8],
}

/// Where a service counts its signs of life: `standard::METRICS` and `report::counters::TURNS`.
const TURNS: u64 = 0x1002_0fe8;
const _: () = assert!(TURNS == standard::METRICS.vaddr + counters::TURNS as u64);

/// HLT, which is privileged (Intel SDM volume 2), NOP and a jump; HLT and NOP are one byte long, so that whichever byte
/// of the code the service goes on at, it is a whole instruction.
const X86_64: Code = Code {
    memory: 0,
    fault: 0xf4,
    said: "UserException: general protection (13), code 0x0, ip 0x",
    nop: &[0x90],
    spin: &[0xeb, 0xfe],
    // incl TURNS; jmp
    busy: &[0xff, 0x04, 0x25, 0xe8, 0x0f, 0x02, 0x10, 0xeb, 0xf7],
};
/// UDF #0, NOP, B (Arm ARM, C6.2).
const AARCH64: Code = Code {
    memory: 0x4000_0000,
    fault: 0,
    said: "UserException: undefined instruction, ip 0x",
    nop: &[0x1f, 0x20, 0x03, 0xd5],
    spin: &[0, 0, 0, 0x14],
    // mov w0, TURNS; ldr w1, [x0]; add w1, w1, 1; str w1, [x0]; b
    busy: &[
        0x00, 0xfd, 0x81, 0x52, 0x40, 0x00, 0xa2, 0x72, 0x01, 0x00, 0x40, 0xb9, 0x21, 0x04, 0x00, 0x11, 0x01,
        0x00, 0x00, 0xb9, 0xfd, 0xff, 0xff, 0x17,
    ],
};
/// Two bytes of zero are no instruction (RISC-V unprivileged specification, 16.3), `c.nop`, `c.j`.
const RISCV64: Code = Code {
    memory: 0x8000_0000,
    fault: 0,
    said: "UserException: illegal instruction (2), code 0x0, ip 0x",
    nop: &[0x01, 0x00],
    spin: &[0x01, 0xa0],
    // lui a0, TURNS; lw a1, (a0); c.addi a1, 1; sw a1, (a0); c.j
    busy: &[0x37, 0x15, 0x02, 0x10, 0x83, 0x25, 0x85, 0xfe, 0x85, 0x05, 0x23, 0x24, 0xb5, 0xfe, 0xdd, 0xbf],
};

/// What is said of a service after [`break_code`], up to the instruction's address.
///
/// # Panics
/// Nothing is known of the board's architecture: a mistake of whoever added it.
pub fn said() -> &'static str {
    Code::of_board().expect("a known architecture").said
}

impl Code {
    fn of_board() -> Result<&'static Self> {
        let board = tools::board();
        Ok(match board.split('/').next() {
            Some("x86_64") => &X86_64,
            Some("aarch64") => &AARCH64,
            Some("riscv64") => &RISCV64,
            _ => bail!("no code of {board} is known that faults"),
        })
    }

    /// A piece of code of so many bytes that leads to `end`: it begins with a whole instruction, and ends with the page or the code.
    fn ending_in(&self, end: &[u8], bytes: usize) -> Vec<u8> {
        let nops = (bytes - end.len()) / self.nop.len();
        [self.nop.repeat(nops), end.to_vec()].concat()
    }
}

/// Overwrites the code of a service, so that it faults at its next instruction. Its file inside the root task stays
/// as it is: the restarted service is whole.
///
/// # Errors
/// The code is not found in memory exactly once, or QEMU does not take the write.
pub fn break_code(system: &System, service: &str) -> Result<()> {
    overwrite(system, service, |code, bytes| vec![code.fault; bytes])
}

/// Overwrites the code of a service, so that it goes on for ever without doing anything. As [`break_code`] otherwise.
///
/// # Errors
/// As [`break_code`].
pub fn hang_code(system: &System, service: &str) -> Result<()> {
    overwrite(system, service, |code, bytes| code.ending_in(code.spin, bytes))
}

/// Overwrites the code of a service, so that it only shows signs of life, for ever: nobody below it runs. As [`break_code`]
/// otherwise.
///
/// # Errors
/// As [`break_code`].
pub fn busy_code(system: &System, service: &str) -> Result<()> {
    overwrite(system, service, |code, bytes| code.ending_in(code.busy, bytes))
}

fn overwrite(system: &System, service: &str, fill: impl Fn(&Code, usize) -> Vec<u8>) -> Result<()> {
    let (code, pieces) = (Code::of_board()?, find_code(system, service)?);
    let mut gdb = Gdb::connect(&system.path("gdb"))?;
    for piece in pieces {
        gdb.write(code.memory + piece.start as u64, &fill(code, piece.len()))?;
    }
    gdb.go()
}

/// Where the code of a service lies in the machine's memory.
fn find_code(system: &System, service: &str) -> Result<Vec<Range<usize>>> {
    let file = fs::read(tools::images().join("services").join(format!("{service}.elf")))?;
    let program = object::File::parse(&*file)?;
    let executable =
        |flags| matches!(flags, SegmentFlags::Elf { p_flags, .. } if p_flags.0 & elf::PF_X.0 != 0);
    let segment = program.segments().find(|s| executable(s.flags())).context("no code")?;
    let (start, data) = (segment.address() as usize, segment.data()?);
    let ram = fs::read(system.path("ram"))?;
    let mut found = Vec::new();
    let mut at = 0;
    while at < data.len() {
        // Page by page as it lies in memory: the first and the last page may hold other bytes as well.
        let offset = (start + at) % PAGE;
        let code = &data[at..data.len().min(at + PAGE - offset)];
        at += code.len();
        if code.len() < LEAST {
            continue;
        }
        let same = |frame: &&[u8]| frame[offset..offset + code.len()] == *code;
        let places: Vec<_> = ram.chunks_exact(PAGE).enumerate().filter(|(_, frame)| same(frame)).collect();
        let [(frame, _)] = places[..] else {
            bail!("a page of {service} lies in memory {} times; are the images of one build?", places.len());
        };
        let first = frame * PAGE + offset;
        found.push(first..first + code.len());
    }
    if found.is_empty() {
        bail!("{service} has too little code to be found");
    }
    Ok(found)
}
