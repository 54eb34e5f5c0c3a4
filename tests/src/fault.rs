//! Faults put into a running service from outside: its code in the machine's memory is overwritten.

use std::{fs, ops::Range};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSegment, SegmentFlags, elf};

use crate::{System, gdb::Gdb, tools};

const PAGE: usize = 4096;
/// Fewer bytes of code than this could lie anywhere by chance.
const LEAST: usize = 64;

/// Privileged on x86 (SDM volume 2, HLT): in a service it faults. One byte long: whichever byte of the code the
/// service goes on at, it is a whole instruction.
const HLT: u8 = 0xf4;

/// One byte long, too.
const NOP: u8 = 0x90;
/// A jump to itself, at the end of a page: where all that is before it leads.
const SPIN: [u8; 2] = [0xeb, 0xfe];

/// Overwrites the code of a service, so that it faults at its next instruction. Its file inside the root task stays
/// as it is: the restarted service is whole.
///
/// # Errors
/// The code is not found in memory exactly once, or QEMU does not take the write.
pub fn break_code(system: &System, service: &str) -> Result<()> {
    overwrite(system, service, |bytes| vec![HLT; bytes])
}

/// Overwrites the code of a service, so that it goes on for ever without doing anything. As [`break_code`] otherwise.
///
/// # Errors
/// As [`break_code`].
pub fn hang_code(system: &System, service: &str) -> Result<()> {
    overwrite(system, service, |bytes| {
        let mut code = vec![NOP; bytes - SPIN.len()];
        code.extend(SPIN);
        code
    })
}

fn overwrite(system: &System, service: &str, code: impl Fn(usize) -> Vec<u8>) -> Result<()> {
    let pieces = find_code(system, service)?;
    let mut gdb = Gdb::connect(&system.path("gdb"))?;
    for piece in pieces {
        gdb.write(piece.start as u64, &code(piece.len()))?;
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
