//! The machine's memory from outside: which address spaces there are, and where their pages lie.
//!
//! QEMU keeps the machine's RAM in a file, and the kernel's symbols say where it keeps its list of address spaces: that, and
//! the page tables, are read while the machine stands still. The kernel and the root task tell nothing about themselves
//! for the sake of tests. What is here is x86_64's and seL4's: another architecture needs a module like this one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSymbol};

/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Where the kernel's image is linked: `KERNEL_BASE`, at physical address 0 (seL4 5.0.0,
/// `include/plat/pc99/plat/64/plat_mode/machine/hardware.h`).
const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;
/// Where the kernel maps all physical memory: `PPTR_BASE`, there.
const PPTR_BASE: u64 = 0xffff_ff80_0000_0000;
/// The kernel's table of ASID pools, and pools in it, entries of a pool
/// (`include/arch/x86/arch/64/mode/api/constants.h`).
const ASID_TABLE: &str = "x86KSASIDTable";
const POOLS: u64 = 8;
const POOL: usize = 512;
/// An entry of a pool: the kind in the low bits, the root's address, of which 49 bits tell it (`base 64(49,1)`), at the top
/// (`asid_map_vspace`, `include/arch/x86/arch/64/mode/object/structures.bf`).
const KIND: u64 = 3;
const VSPACE: u64 = 1;

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
}

impl Ram {
    /// The RAM in this file, of a machine that runs this kernel.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn open(ram: &Path, kernel: &Path) -> Result<Self> {
        let bytes = fs::read(kernel).with_context(|| kernel.display().to_string())?;
        let program = object::File::parse(&*bytes)?;
        let named = program.symbols().filter_map(|s| Some((s.name().ok()?.to_owned(), s.address())));
        Ok(Self { file: File::open(ram)?, symbols: named.collect() })
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
        self.file.read_exact_at(bytes, paddr).with_context(|| format!("no RAM at {paddr:#x}"))
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
        self.word(physical(vaddr)?)
    }

    /// All address spaces that the kernel knows.
    ///
    /// # Errors
    /// The tables lead nowhere: another kernel.
    pub fn vspaces(&self) -> Result<Vec<VSpace>> {
        let mut vspaces = Vec::new();
        let table = self.symbol(ASID_TABLE)?;
        for pool in 0..POOLS {
            let pool = self.kernel_word(table + 8 * pool)?;
            if pool == 0 {
                continue;
            }
            for entry in self.table(physical(pool)?)? {
                if entry & KIND == VSPACE {
                    let root = physical((entry >> 15 | 0xffff << 48) & !(PAGE as u64 - 1))?;
                    let mut pages = Vec::new();
                    self.walk(root, 4, 0, true, &mut pages)?;
                    vspaces.push(VSpace { root, pages });
                }
            }
        }
        ensure!(!vspaces.is_empty(), "the kernel has no address spaces");
        Ok(vspaces)
    }

    fn table(&self, paddr: u64) -> Result<Vec<u64>> {
        let mut bytes = [0; PAGE];
        self.read(paddr, &mut bytes)?;
        Ok(bytes.as_chunks::<8>().0.iter().take(POOL).map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// Collects what a table of this level maps (Intel SDM volume 3, 4.5), but for the kernel's part.
    fn walk(&self, table: u64, level: u32, base: u64, writable: bool, pages: &mut Vec<Page>) -> Result<()> {
        const PRESENT: u64 = 1;
        const WRITABLE: u64 = 1 << 1;
        const LARGE: u64 = 1 << 7;
        for (index, entry) in (0..).zip(self.table(table)?) {
            if entry & PRESENT == 0 || level == 4 && index >= 256 {
                continue;
            }
            let vaddr = base | index << (12 + 9 * (level - 1));
            let (paddr, writable) = (entry & 0x000f_ffff_ffff_f000, writable && entry & WRITABLE != 0);
            if level == 1 {
                pages.push(Page { vaddr, paddr, writable });
            } else if entry & LARGE == 0 {
                self.walk(paddr, level - 1, vaddr, writable, pages)?;
            }
        }
        Ok(())
    }
}

/// The physical address of one of the kernel's.
fn physical(vaddr: u64) -> Result<u64> {
    let base = if vaddr >= KERNEL_BASE { KERNEL_BASE } else { PPTR_BASE };
    vaddr.checked_sub(base).with_context(|| format!("{vaddr:#x} is no address of the kernel"))
}
