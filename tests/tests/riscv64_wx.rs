//! What programs can execute on riscv64, as the processor sees it: the page tables of the running machine, read out of its
//! memory from outside.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use hypos_tests::{
    System,
    chaos::{Machine, Ram},
    tools,
};

/// Bits of an entry (RISC-V privileged specification, 4.3.1).
const VALID: u64 = 1 << 0;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
const EXECUTE: u64 = 1 << 3;
const USER: u64 = 1 << 4;
const PAGE_NUMBER: u64 = (1 << 44) - 1;

/// The upper half of each root table of 5.0.0: the kernel's window, pages of 1 GiB with all rights, global, accessed and dirty
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

/// All pages below these entries of a table.
fn pages(ram: &Ram, entries: &[u64], (level, virt): (u32, u64), into: &mut Vec<Page>) -> Result<()> {
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| *entry & VALID != 0) {
        let virt = virt | (index as u64) << (12 + 9 * level);
        let phys = (entry >> 10 & PAGE_NUMBER) << 12;
        if entry & (READ | WRITE | EXECUTE) == 0 {
            ensure!(level > 0, "an entry of the last level points to a table");
            pages(ram, &ram.table(phys)?, (level - 1, virt), into)?;
        } else {
            into.push(Page { virt, phys, rights: entry & (READ | WRITE | EXECUTE | USER) });
        }
    }
    Ok(())
}

/// Checks the kernel's half of a root table: nothing there is for programs.
fn check_kernel(ram: &Ram, half: &[u64]) -> Result<()> {
    if tools::installed().is_none() {
        let windows = (0..255).all(|index| half[index as usize] == window(index));
        ensure!(windows, "{half:#x?} is not the kernel's window");
    }
    let mut kernels = Vec::new();
    pages(ram, half, (2, 0), &mut kernels)?;
    ensure!(!kernels.is_empty() && kernels.iter().all(|page| page.rights & USER == 0), "{half:#x?}");
    Ok(())
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
    let ram = Ram::open(&system.path("ram"), &tools::kernel_elf(), Machine::of_board()?)?;
    let roots: Vec<u64> = ram.vspaces()?.iter().map(|vspace| vspace.root).collect();
    // The root task and the cell have one each, too.
    ensure!(roots.len() >= services + 2, "{} address spaces for {services} services", roots.len());
    let (mut written, mut executed) = (BTreeSet::new(), BTreeSet::new());
    for root in &roots {
        let table = ram.table(*root)?;
        let (own, kernels) = table.split_at(table.len() / 2);
        check_kernel(&ram, kernels)?;
        let mut mapped = Vec::new();
        pages(&ram, own, (2, 0), &mut mapped)?;
        let code = mapped.iter().filter(|page| page.rights & EXECUTE != 0);
        let count = code.clone().count();
        ensure!((1..mapped.len()).contains(&count), "{root:#x}: {count} pages of {} are code", mapped.len());
        for page in &mapped {
            let Page { virt, rights, .. } = page;
            ensure!(rights & USER != 0, "{root:#x}: {virt:#x} is the kernel's");
            ensure!(
                rights & (WRITE | EXECUTE) != WRITE | EXECUTE,
                "{root:#x}: {virt:#x} is written and executed"
            );
        }
        executed.extend(code.map(|page| page.phys));
        written.extend(mapped.iter().filter(|page| page.rights & WRITE != 0).map(|page| page.phys));
    }
    // Nor is memory both by two mappings, of whomever.
    let both: Vec<_> = written.intersection(&executed).collect();
    ensure!(both.is_empty(), "written by one and executed by another: {both:#x?}");
    Ok(())
}
