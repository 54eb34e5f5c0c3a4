//! What programs can execute on riscv64, as the processor sees it: the page tables of the running machine, read out of its
//! memory from outside.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, ensure};
use hypos_tests::{System, tools};

/// Where the machine's memory begins.
const MEMORY: u64 = 0x8000_0000;
const PAGE: usize = 4096;

/// Bits of an entry (RISC-V privileged specification, 4.3.1).
const VALID: u64 = 1 << 0;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
const EXECUTE: u64 = 1 << 3;
const USER: u64 = 1 << 4;
const PAGE_NUMBER: u64 = (1 << 44) - 1;

/// The upper half of each root table: the kernel's window, pages of 1 GiB with all rights, global, accessed and dirty
/// (`kernel-config/overlay/riscv64`, `vspace_boot.c`).
const fn window(index: u64) -> u64 {
    index << 28 | 0xef
}

/// A page of a program: virtual and physical address, rights.
struct Page {
    virt: u64,
    phys: u64,
    rights: u64,
}

struct Memory(Vec<u8>);

impl Memory {
    fn table(&self, phys: u64) -> Result<Vec<u64>> {
        let start = phys.checked_sub(MEMORY).context("a table outside of memory")? as usize;
        let page = self.0.get(start..start + PAGE).context("a table outside of memory")?;
        Ok(page.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default())).collect())
    }

    /// The root tables of programs: whose lower half has something. (The kernel's own has nothing there.)
    fn roots(&self) -> Result<Vec<u64>> {
        let pages = (0..self.0.len() / PAGE).map(|index| MEMORY + (index * PAGE) as u64);
        let mut roots = Vec::new();
        for phys in pages {
            let table = self.table(phys)?;
            let kernels = (0..255).all(|index| table[256 + index as usize] == window(index));
            if kernels && table[..256].iter().any(|entry| entry & VALID != 0) {
                roots.push(phys);
            }
        }
        Ok(roots)
    }

    /// All pages below an entry's table.
    fn pages(&self, table: u64, (level, virt): (u32, u64), into: &mut Vec<Page>) -> Result<()> {
        let entries = self.table(table)?;
        let mine = if level == 2 { &entries[..256] } else { &entries[..] };
        for (index, entry) in mine.iter().enumerate().filter(|(_, entry)| *entry & VALID != 0) {
            let virt = virt | (index as u64) << (12 + 9 * level);
            let phys = (entry >> 10 & PAGE_NUMBER) << 12;
            if entry & (READ | WRITE | EXECUTE) == 0 {
                ensure!(level > 0, "an entry of the last level points to a table");
                self.pages(phys, (level - 1, virt), into)?;
            } else {
                into.push(Page { virt, phys, rights: entry & (READ | WRITE | EXECUTE | USER) });
            }
        }
        Ok(())
    }
}

#[test]
fn no_page_is_both_written_and_executed() -> Result<()> {
    if !tools::board().starts_with("riscv64/") {
        eprintln!("skipped: {} is another architecture", tools::board());
        return Ok(());
    }
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    system.wait_until("some runs", |_| system.runs("tick").is_ok_and(|runs| runs > 3))?;
    let services = system.json(&["services"])?.as_array().map_or(0, Vec::len);
    let memory = Memory(fs::read(system.path("ram"))?);
    let roots = memory.roots()?;
    // The root task and the cell have one each, too; what was taken apart may still lie there.
    ensure!(roots.len() >= services + 2, "{} address spaces for {services} services", roots.len());
    let (mut written, mut executed) = (BTreeSet::new(), BTreeSet::new());
    for root in &roots {
        let mut pages = Vec::new();
        memory.pages(*root, (2, 0), &mut pages)?;
        let code = pages.iter().filter(|page| page.rights & EXECUTE != 0);
        let count = code.clone().count();
        ensure!((1..pages.len()).contains(&count), "{root:#x}: {count} pages of {} are code", pages.len());
        for page in &pages {
            let Page { virt, rights, .. } = page;
            ensure!(rights & USER != 0, "{root:#x}: {virt:#x} is the kernel's");
            ensure!(
                rights & (WRITE | EXECUTE) != WRITE | EXECUTE,
                "{root:#x}: {virt:#x} is written and executed"
            );
        }
        executed.extend(code.map(|page| page.phys));
        written.extend(pages.iter().filter(|page| page.rights & WRITE != 0).map(|page| page.phys));
    }
    // Nor is memory both by two mappings, of whomever.
    let both: Vec<_> = written.intersection(&executed).collect();
    ensure!(both.is_empty(), "written by one and executed by another: {both:#x?}");
    Ok(())
}
