//! Faults put into a running service from outside: its code in the machine's memory is overwritten.

use std::{fs::File, io::Read};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSegment, SegmentFlags, elf};

use crate::{System, gdb::Gdb, tools};

const PAGE: usize = 4096;
/// Fewer bytes of code than this could lie anywhere by chance.
const LEAST: usize = 64;

/// Overwrites the code of a service with `ud2`, so that it faults at its next instruction. Its file inside the
/// root task stays as it is: the restarted service is whole.
///
/// # Errors
/// The code is not found in memory exactly once, or QEMU does not take the write.
pub fn break_code(system: &System, service: &str) -> Result<()> {
    let file = std::fs::read(tools::images().join("services").join(format!("{service}.elf")))?;
    let program = object::File::parse(&*file)?;
    let executable =
        |flags| matches!(flags, SegmentFlags::Elf { p_flags, .. } if p_flags.0 & elf::PF_X.0 != 0);
    let segment = program.segments().find(|s| executable(s.flags())).context("no code")?;
    let (start, data) = (segment.address() as usize, segment.data()?);
    let mut ram = Vec::new();
    File::open(system.path("ram"))?.read_to_end(&mut ram)?;
    let mut gdb = Gdb::connect(&system.path("gdb"))?;
    let mut broken = 0;
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
            bail!("a page of {service} lies in memory {} times", places.len());
        };
        gdb.write((frame * PAGE + offset) as u64, &[0x0f, 0x0b].repeat(code.len() / 2))?;
        broken += 1;
    }
    gdb.go()?;
    if broken == 0 {
        bail!("the code of {service} was not found in memory");
    }
    Ok(())
}
