//! What a test is given.

use core::sync::atomic::{AtomicUsize, Ordering};

use sel4::init_thread::{Slot, slot};
use sel4::{BootInfo, CPtr, Cap, CapType, ErrorKind, ObjectBlueprint, Result, UserContext, Word, cap};
use sel4_root_task::{Stack, unmap_page};

use crate::thread;

/// Threads that a test can make.
const THREADS: usize = 3;
const STACK_SIZE: usize = 16 * 1024;
static STACKS: [Stack<STACK_SIZE>; THREADS] = [const { Stack::new() }; THREADS];
static STACKS_USED: AtomicUsize = AtomicUsize::new(0);

/// Where a test can map frames: a gibibyte of which nothing is mapped, and whose tables are missing.
const SCRATCH_ADDRESS: Word = 0x4000_0000;

/// A test's own memory and slots.
#[derive(Debug)]
pub struct Env {
    bootinfo: BootInfo<'static>,
    untyped: cap::Untyped,
    slots: core::ops::Range<usize>,
    faults: CPtr,
}

/// Unmaps the guard pages of the stacks of tests' threads.
pub fn prepare(bootinfo: BootInfo) -> Result<()> {
    STACKS.iter().try_for_each(|stack| unmap_page(&bootinfo, stack.guard()))
}

impl Env {
    pub(crate) fn new(
        bootinfo: BootInfo<'static>,
        untyped: cap::Untyped,
        slots: core::ops::Range<usize>,
        faults: CPtr,
    ) -> Self {
        STACKS_USED.store(0, Ordering::Relaxed);
        Self { bootinfo, untyped, slots, faults }
    }

    /// What the kernel told the root task.
    pub const fn bootinfo(&self) -> BootInfo<'static> {
        self.bootinfo
    }

    /// Untyped memory, a mebibyte, of which nothing was made yet.
    pub const fn untyped(&self) -> cap::Untyped {
        self.untyped
    }

    /// The address of a gibibyte in which nothing is mapped, not even page tables.
    pub const fn scratch_address(&self) -> Word {
        SCRATCH_ADDRESS
    }

    /// The capability address that delivers faults of a test's thread to the supervisor: the test then ends.
    pub const fn fault_endpoint(&self) -> CPtr {
        self.faults
    }

    /// An empty slot.
    ///
    /// # Panics
    ///
    /// All were taken.
    pub fn alloc_slot<T: CapType>(&mut self) -> Slot<T> {
        Slot::from_index(self.slots.next().expect("a test has 256 slots"))
    }

    /// A new object in an empty slot.
    ///
    /// # Errors
    ///
    /// The memory is used up.
    pub fn alloc_object<T: CapType>(&mut self, blueprint: &ObjectBlueprint) -> Result<Cap<T>> {
        let target = self.alloc_slot();
        let root = slot::CNODE.cap().absolute_self();
        self.untyped.untyped_retype(blueprint, &root, target.index(), 1)?;
        Ok(target.cap())
    }

    /// A new thread in the root task's spaces that starts in `entry` with these arguments. It has no IPC buffer:
    /// it can use the `_with_mrs` functions and signals, no invocations. Its faults go to `faults`.
    ///
    /// # Errors
    ///
    /// The memory or the stacks (3) are used up; a priority above 254.
    pub fn spawn(
        &mut self,
        entry: extern "C" fn(Word, Word) -> !,
        arguments: [Word; 2],
        priority: u8,
        faults: CPtr,
    ) -> Result<cap::Tcb> {
        let used = STACKS_USED.fetch_add(1, Ordering::Relaxed);
        let no_stack = sel4::Error::new("Env::spawn", ErrorKind::NotEnoughMemory(0));
        let stack = STACKS.get(used).ok_or(no_stack)?;
        let tcb: cap::Tcb = self.alloc_object(&ObjectBlueprint::Tcb)?;
        thread::configure(tcb, faults, (priority, priority), None)?;
        let context =
            UserContext::for_call(entry as *const () as Word, stack.top().addr() as Word, &arguments);
        tcb.tcb_write_all_registers(true, &context)?;
        Ok(tcb)
    }
}
