//! The task's capabilities: slots, memory, and what is made of it.

use sel4::init_thread::slot;
use sel4::sys::{self, invocation_label as label};
use sel4::{BootInfo, Word};

use crate::kernel::{self, NEVER, READ_WRITE, assign, error, map, map_table, unmap};
use crate::report::{check, need};

/// The root CNode, and how many bits of an address count in it.
pub const CNODE: Word = slot::CNODE.index() as Word;
const DEPTH: Word = 64;
/// The task's own VSpace.
pub const VSPACE: Word = slot::VSPACE.index() as Word;
/// The pool that gives a VSpace its ASID.
pub const ASID_POOL: Word = slot::ASID_POOL.index() as Word;
/// An address range of 2 MiB of which nothing is mapped, whose page table [`Task::new`] maps; the last page is
/// [`Task::fill`]'s.
pub const WINDOW: Word = 0x1000_0000;
/// Read, write, grant.
const ALL_RIGHTS: Word = 7;
const SCRATCH: Word = WINDOW + 0x1f_f000;

/// Places in `seL4_UserContext`.
pub mod register {
    /// The program counter.
    pub const PC: usize = 0;
    /// The stack pointer.
    pub const SP: usize = 2;
    /// Saved registers, by which a thread is told what it is to do.
    pub const S0: usize = 4;
    /// The next.
    pub const S1: usize = 5;
    /// The next.
    pub const S2: usize = 6;
    /// A function's first argument.
    pub const A0: usize = 16;
    /// How many there are.
    pub const COUNT: usize = 32;
}

/// The task.
pub struct Task {
    bootinfo: BootInfo<'static>,
    next: Word,
    /// The largest piece of memory, for small objects.
    pub memory: Word,
    /// The largest but that one, for large objects.
    pub large: Word,
}

impl Task {
    /// Takes stock.
    pub fn new(bootinfo: BootInfo<'static>) -> Self {
        let next = bootinfo.empty().range().start as Word;
        let mut task = Self { bootinfo, next, memory: 0, large: 0 };
        task.memory = task.largest_but(0);
        task.large = task.largest_but(task.memory);
        let table = task.make(sys::seL4_RISCV_PageTableObject, 0);
        need("map the window's table", map_table(table, VSPACE, WINDOW));
        task
    }

    fn largest_but(&self, other: Word) -> Word {
        let untypeds = self.bootinfo.untyped_list().iter().zip(self.bootinfo.untyped().range());
        let memory = untypeds.filter(|(memory, slot)| !memory.is_device() && *slot as Word != other);
        memory.max_by_key(|(memory, _)| memory.size_bits()).map_or(0, |(_, slot)| slot as Word)
    }

    /// The untyped of the device at this address.
    pub fn device(&self, paddr: Word) -> Word {
        let mut list = self.bootinfo.untyped_list().iter().zip(self.bootinfo.untyped().range());
        list.find(|(memory, _)| memory.paddr() == paddr).map_or(0, |(_, slot)| slot as Word)
    }

    /// An empty slot.
    pub const fn slot(&mut self) -> Word {
        self.next += 1;
        self.next - 1
    }

    /// The slot that is next, to come back to by [`Task::back_to`].
    pub const fn mark(&self) -> Word {
        self.next
    }

    /// Slots from here on are empty again.
    pub const fn back_to(&mut self, mark: Word) {
        self.next = mark;
    }

    /// A new object.
    pub fn make(&mut self, kind: Word, bits: Word) -> Word {
        self.make_from(self.memory, kind, bits)
    }

    /// A new object out of this memory.
    pub fn make_from(&mut self, memory: Word, kind: Word, bits: Word) -> Word {
        let slot = self.slot();
        need("retype", error(memory, label::UntypedRetype, &[CNODE], &[kind, bits, 0, 0, slot, 1]));
        slot
    }

    /// A new frame of 4 KiB.
    pub fn page(&mut self) -> Word {
        self.make(sys::seL4_RISCV_4K_Page, 0)
    }

    /// A new page table.
    pub fn table(&mut self) -> Word {
        self.make(sys::seL4_RISCV_PageTableObject, 0)
    }

    /// A new endpoint.
    pub fn endpoint(&mut self) -> Word {
        self.make(sys::seL4_EndpointObject, 0)
    }

    /// A new notification.
    pub fn notification(&mut self) -> Word {
        self.make(sys::seL4_NotificationObject, 0)
    }

    /// A copy of a capability with all rights.
    pub fn copy(&mut self, of: Word) -> Word {
        let to = self.slot();
        need("copy", copy_to(to, of, ALL_RIGHTS));
        to
    }

    /// A thread in a VSpace, running, with these registers.
    pub fn thread(
        &mut self,
        vspace: Word,
        faults: Word,
        priority: Word,
        registers: &[(usize, Word)],
    ) -> Word {
        let tcb = self.make(sys::seL4_TCBObject, 0);
        configure(tcb, vspace, faults, priority);
        start(tcb, registers);
        tcb
    }

    /// A VSpace with tables for the 2 MiB at `address`: root, middle table, leaf table.
    pub fn vspace(&mut self, address: Word) -> (Word, Word, Word) {
        let (root, middle, leaf) = (self.table(), self.table(), self.table());
        check("assign an ASID", assign(ASID_POOL, root), 0);
        check("map a middle table", map_table(middle, root, address), 0);
        check("map a leaf table", map_table(leaf, root, address), 0);
        (root, middle, leaf)
    }
}

/// Copies a capability with these rights; gives the error.
pub fn copy_to(to: Word, of: Word, rights: Word) -> Word {
    error(CNODE, label::CNodeCopy, &[CNODE], &[to, DEPTH, of, DEPTH, rights])
}

/// Deletes a capability; gives the error.
pub fn delete(cap: Word) -> Word {
    error(CNODE, label::CNodeDelete, &[], &[cap, DEPTH])
}

/// Deletes everything that was derived from a capability; gives the error.
pub fn revoke(cap: Word) -> Word {
    error(CNODE, label::CNodeRevoke, &[], &[cap, DEPTH])
}

/// Gives a thread its spaces.
pub fn configure(tcb: Word, vspace: Word, faults: Word, priority: Word) {
    let words = [faults, priority | priority << 8, 0, 0, 0];
    need("configure", error(tcb, label::TCBConfigure, &[CNODE, vspace, 0], &words));
}

/// Starts a thread with these registers.
pub fn start(tcb: Word, registers: &[(usize, Word)]) {
    let mut words = [0; 2 + register::COUNT];
    words[0] = 1;
    words[1] = register::COUNT as Word;
    for (index, value) in registers {
        words[2 + index] = *value;
    }
    need("write registers", error(tcb, label::TCBWriteRegisters, &[], &words));
}

/// Suspends a thread; gives the error.
pub fn suspend(tcb: Word) -> Word {
    error(tcb, label::TCBSuspend, &[], &[])
}

/// Copies code into a frame, from address `from` of this program on.
pub fn fill(frame: Word, from: Word, bytes: usize) {
    need("map to fill", map(frame, VSPACE, SCRATCH, READ_WRITE, NEVER));
    // SAFETY: the page was just mapped, writable; the code is this program's and shorter than a page.
    unsafe { core::ptr::copy_nonoverlapping(from as *const u8, SCRATCH as *mut u8, bytes) };
    need("unmap", unmap(frame));
}

/// Reads a word of a page that was mapped into the window.
pub fn peek(address: Word) -> Word {
    // SAFETY: mapped by the caller; if not, the task faults, which ends the run.
    unsafe { (address as *const Word).read_volatile() }
}

/// An agent's time to go on: see [`kernel::yield_now`].
pub fn pause() {
    kernel::yield_now();
}
