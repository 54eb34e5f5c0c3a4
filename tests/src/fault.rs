//! Faults put into a running service from outside: its code in the machine's memory is overwritten.

use std::{fs, ops::Range};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSegment, SegmentFlags, elf};

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
    /// Does nothing.
    nop: &'static [u8],
    /// A jump to itself, at the end of a page: where all that is before it leads.
    spin: &'static [u8],
}

/// HLT, which is privileged (Intel SDM volume 2), NOP and a jump; HLT and NOP are one byte long, so that whichever byte
/// of the code the service goes on at, it is a whole instruction.
const X86_64: Code = Code { memory: 0, fault: 0xf4, nop: &[0x90], spin: &[0xeb, 0xfe] };
/// UDF #0, NOP, B (Arm ARM, C6.2).
const AARCH64: Code =
    Code { memory: 0x4000_0000, fault: 0, nop: &[0x1f, 0x20, 0x03, 0xd5], spin: &[0, 0, 0, 0x14] };
/// Two bytes of zero are no instruction (RISC-V unprivileged specification, 16.3), `c.nop`, `c.j`.
const RISCV64: Code = Code { memory: 0x8000_0000, fault: 0, nop: &[0x01, 0x00], spin: &[0x01, 0xa0] };

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
    overwrite(system, service, |code, bytes| {
        // A piece begins with a whole instruction, and ends with the page or the code.
        let nops = (bytes - code.spin.len()) / code.nop.len();
        [code.nop.repeat(nops), code.spin.to_vec()].concat()
    })
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
