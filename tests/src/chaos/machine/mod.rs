//! What differs between architectures: where the kernel keeps address spaces, how page tables are read, which instructions
//! fault, which registers a call uses. Addresses of `MACHINE` are those of seL4 5.0.0 as `kernel-config` builds it, of
//! `INSTALLED` those of seL4 13 to 16.

mod aarch64;
mod riscv64;
mod x86_64;

use anyhow::{Result, bail};

use crate::tools;

/// One architecture.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Physical address of the machine's RAM.
    pub ram: u64,
    /// The kernel's table of ASID pools, and entries of it.
    pub asid_table: &'static str,
    /// See there.
    pub pools: u64,
    /// The kernel's address of the root table that an entry of an ASID pool names; none: it names none.
    pub root: fn(u64) -> Option<u64>,
    /// Physical address of one of the kernel's; none: it is none.
    pub physical: fn(u64) -> Option<u64>,
    /// Levels of page tables.
    pub levels: u32,
    /// So many entries of a root table are the program's; the others are the kernel's.
    pub own: usize,
    /// What an entry of a table of this level says, 1 being the last.
    pub entry: fn(u64, u32) -> Entry,
    /// An address where only the kernel has something.
    pub kernel: u64,
    /// The shortest instruction that faults, and one that does nothing; both as long, and whole wherever code goes on.
    pub fault: &'static [u8],
    /// See there.
    pub nop: &'static [u8],
    /// A jump to itself.
    pub spin: &'static [u8],
    /// Code that jumps to an address, reads from it, writes to it; its length is a multiple of that of `nop`.
    pub jump: fn(u64) -> Vec<u8>,
    /// See there.
    pub read: fn(u64) -> Vec<u8>,
    /// See there.
    pub write: fn(u64) -> Vec<u8>,
    /// Registers of the first two arguments of a call, by QEMU's numbers.
    pub arguments: [u32; 2],
    /// The program counter's.
    pub pc: u32,
    /// Where a function finds the address to return to.
    pub back: Back,
}

/// An entry of a page table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing that is of interest.
    None,
    /// The table of the next level.
    Table {
        /// Where it lies.
        paddr: u64,
        /// Whether anything below may be written to.
        writable: bool,
    },
    /// A page of 4 KiB.
    Page {
        /// Where it lies.
        paddr: u64,
        /// Whether its owner may write there.
        writable: bool,
    },
}

/// Where the address to return to is.
#[derive(Clone, Copy, Debug)]
pub enum Back {
    /// On the stack that this register points to.
    Stack(u32),
    /// In this register.
    Link(u32),
}

impl Machine {
    /// That of the board that is tested.
    ///
    /// # Errors
    /// Nothing is known of it.
    pub fn of_board() -> Result<&'static Self> {
        let board = tools::board();
        match (board.split('/').next(), tools::installed().is_some()) {
            (Some("x86_64"), false) => Ok(&x86_64::MACHINE),
            (Some("x86_64"), true) => Ok(&x86_64::INSTALLED),
            (Some("aarch64"), false) => Ok(&aarch64::MACHINE),
            (Some("aarch64"), true) if board.ends_with("/virt-el2") => Ok(&aarch64::INSTALLED_EL2),
            (Some("aarch64"), true) => Ok(&aarch64::INSTALLED),
            (Some("riscv64"), false) => Ok(&riscv64::MACHINE),
            (Some("riscv64"), true) => Ok(&riscv64::INSTALLED),
            _ => bail!("chaos does not know {board}: see tests/src/chaos/machine"),
        }
    }
}

/// Instructions, and an address behind them.
fn with_address(code: &[u32], address: u64) -> Vec<u8> {
    code.iter().flat_map(|word| word.to_le_bytes()).chain(address.to_le_bytes()).collect()
}
