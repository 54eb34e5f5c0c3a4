//! The machine's memory from outside: which address spaces there are, and where their pages lie.
//!
//! QEMU keeps the machine's RAM in a file, and the kernel's symbols say where it keeps its list of address spaces: that, and
//! the page tables, are read while the machine stands still. The kernel and the root task tell nothing about themselves
//! for the sake of tests.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSymbol};

use super::machine::{Entry, Machine};

/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Bits of an address that a table resolves; its entries are 8 bytes each.
const TABLE_BITS: u32 = 9;
/// A page of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it is mapped.
    pub vaddr: u64,
    /// Where it lies.
    pub paddr: u64,
    /// Whether its owner may write there.
    pub writable: bool,
}

/// An address space: its root's physical address, and its pages in order.
#[derive(Clone, Debug)]
pub struct VSpace {
    /// Physical address of the root table.
    pub root: u64,
    /// All pages.
    pub pages: Vec<Page>,
}

impl VSpace {
    /// Where the byte at `vaddr` lies.
    pub fn paddr(&self, vaddr: u64) -> Option<u64> {
        let page = vaddr & !(PAGE as u64 - 1);
        let at = self.pages.binary_search_by_key(&page, |p| p.vaddr).ok()?;
        Some(self.pages[at].paddr + (vaddr - page))
    }

    /// Pages from `first` up to `end`.
    pub fn range(&self, first: u64, end: u64) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(move |page| (first..end).contains(&page.vaddr))
    }
}

/// The RAM, and where the kernel keeps things in it.
#[derive(Debug)]
pub struct Ram {
    file: File,
    symbols: BTreeMap<String, u64>,
    machine: &'static Machine,
}

impl Ram {
    /// The RAM in this file, of a machine that runs this kernel.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn open(ram: &Path, kernel: &Path, machine: &'static Machine) -> Result<Self> {
        let bytes = fs::read(kernel).with_context(|| kernel.display().to_string())?;
        let program = object::File::parse(&*bytes)?;
        let named = program.symbols().filter_map(|s| Some((s.name().ok()?.to_owned(), s.address())));
        Ok(Self { file: File::open(ram)?, symbols: named.collect(), machine })
    }

    /// The kernel's address of one of its symbols.
    ///
    /// # Errors
    /// It has none of this name.
    pub fn symbol(&self, name: &str) -> Result<u64> {
        self.symbols.get(name).copied().with_context(|| format!("the kernel has no symbol {name}"))
    }

    /// Reads bytes at a physical address.
    ///
    /// # Errors
    /// There is no RAM.
    pub fn read(&self, paddr: u64, bytes: &mut [u8]) -> Result<()> {
        let offset = paddr.checked_sub(self.machine.ram);
        offset
            .and_then(|offset| self.file.read_exact_at(bytes, offset).ok())
            .with_context(|| format!("no RAM at {paddr:#x}"))
    }

    /// The word at a physical address.
    ///
    /// # Errors
    /// As [`Ram::read`].
    pub fn word(&self, paddr: u64) -> Result<u64> {
        let mut bytes = [0; 8];
        self.read(paddr, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The word at an address of the kernel's.
    ///
    /// # Errors
    /// As [`Ram::read`].
    pub fn kernel_word(&self, vaddr: u64) -> Result<u64> {
        self.word(self.physical(vaddr)?)
    }

    /// All address spaces that the kernel knows.
    ///
    /// # Errors
    /// The tables lead nowhere: another kernel.
    pub fn vspaces(&self) -> Result<Vec<VSpace>> {
        let mut vspaces = Vec::new();
        let table = self.symbol(self.machine.asid_table)?;
        for pool in 0..self.machine.pools {
            let pool = self.kernel_word(table + 8 * pool)?;
            if pool == 0 {
                continue;
            }
            for root in self.table(self.physical(pool)?)?.into_iter().filter_map(self.machine.root) {
                let root = self.physical(root)?;
                let mut pages = Vec::new();
                self.walk(root, self.machine.levels, (0, true), &mut pages)?;
                vspaces.push(VSpace { root, pages });
            }
        }
        ensure!(!vspaces.is_empty(), "the kernel has no address spaces");
        Ok(vspaces)
    }

    /// The entries of a page table.
    ///
    /// # Errors
    /// As [`Ram::read`].
    pub fn table(&self, paddr: u64) -> Result<Vec<u64>> {
        let mut bytes = [0; PAGE];
        self.read(paddr, &mut bytes)?;
        Ok(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// Collects what a table of this level maps from an address on, but for the kernel's part.
    fn walk(
        &self,
        table: u64,
        level: u32,
        (base, may_write): (u64, bool),
        pages: &mut Vec<Page>,
    ) -> Result<()> {
        let root = level == self.machine.levels;
        let own = if root { self.machine.own } else { 1 << TABLE_BITS };
        for (index, entry) in (0..).zip(self.table(table)?).take(own) {
            let vaddr = base | index << (PAGE.ilog2() + TABLE_BITS * (level - 1));
            match (self.machine.entry)(entry, level) {
                Entry::None => {}
                Entry::Table { paddr, writable } => {
                    self.walk(paddr, level - 1, (vaddr, may_write && writable), pages)?;
                }
                Entry::Page { paddr, writable } => {
                    pages.push(Page { vaddr, paddr, writable: may_write && writable });
                }
            }
        }
        Ok(())
    }

    /// The physical address of one of the kernel's.
    fn physical(&self, vaddr: u64) -> Result<u64> {
        (self.machine.physical)(vaddr).with_context(|| format!("{vaddr:#x} is no address of the kernel"))
    }
}
