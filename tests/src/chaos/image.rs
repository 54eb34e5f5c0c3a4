//! What a component's file says of its memory.

use std::fs;

use anyhow::{Result, anyhow};
use object::{Object, ObjectSegment, SegmentFlags, elf};

use super::ram::{PAGE, Page, Ram, VSpace};
use crate::tools;

/// The parts of a program that it can't write.
#[derive(Clone, Debug)]
pub struct Image {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    start: u64,
    bytes: Vec<u8>,
    code: bool,
}

impl Image {
    /// Reads a service's file, or that of `cell`.
    ///
    /// # Errors
    /// It is not there, or no ELF file.
    pub fn open(name: &str) -> Result<Self> {
        let file = fs::read(tools::images().join("services").join(format!("{name}.elf")))?;
        let program = object::File::parse(&*file)?;
        let mut parts = Vec::new();
        for segment in program.segments() {
            let SegmentFlags::Elf { p_flags, .. } = segment.flags() else {
                return Err(anyhow!("no ELF file"));
            };
            if p_flags.0 & elf::PF_W.0 == 0 {
                let code = p_flags.0 & elf::PF_X.0 != 0;
                parts.push(Part { start: segment.address(), bytes: segment.data()?.to_vec(), code });
            }
        }
        Ok(Self { parts })
    }

    /// Whether the page at `vaddr` holds code.
    pub fn is_code(&self, vaddr: u64) -> bool {
        let code = |part: &Part| {
            let page = part.start & !(PAGE as u64 - 1);
            part.code && (page..part.start + part.bytes.len() as u64).contains(&vaddr)
        };
        self.parts.iter().any(code)
    }

    /// The first page that is not what the file says; one that is not mapped counts as such.
    ///
    /// # Errors
    /// As [`Ram::read`].
    pub fn differs(&self, ram: &Ram, vspace: &VSpace) -> Result<Option<Page>> {
        for part in &self.parts {
            let mut at = 0;
            while at < part.bytes.len() {
                let vaddr = part.start + at as u64;
                let len = (part.bytes.len() - at).min(PAGE - vaddr as usize % PAGE);
                let Some(paddr) = vspace.paddr(vaddr) else {
                    return Ok(Some(Page { vaddr, paddr: 0, writable: false }));
                };
                let mut bytes = vec![0; len];
                ram.read(paddr, &mut bytes)?;
                if bytes != part.bytes[at..at + len] {
                    return Ok(Some(Page { vaddr, paddr, writable: false }));
                }
                at += len;
            }
        }
        Ok(None)
    }
}
