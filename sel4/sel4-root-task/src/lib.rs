//! What runs before a root task's main function: entry, a stack with a guard page, the IPC buffer, a heap.
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//!
//! use sel4_root_task::root_task;
//!
//! #[root_task(stack_size = 64 * 1024, heap_size = 256 * 1024)]
//! fn main(bootinfo: &sel4::BootInfoPtr) -> ! {
//!     sel4::debug_println!("{:?}", bootinfo.get().untyped());
//!     sel4::init_thread::suspend_self()
//! }
//! ```
//!
//! The program is linked at a fixed address (the kernel's loader does not relocate) and its lowest page holds
//! the ELF header, as linkers do it when not told otherwise.
#![no_std]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use sel4::sys::seL4_BootInfo;
use sel4::{BootInfo, BootInfoPtr, GRANULE_SIZE, init_thread};

pub use sel4;
pub use sel4_dlmalloc;
pub use sel4_panicking;
pub use sel4_root_task_macros::root_task;

#[cfg_attr(all(target_arch = "riscv64", target_os = "none"), path = "arch/riscv64.rs")]
#[cfg_attr(all(target_arch = "x86_64", target_os = "none"), path = "arch/x86_64.rs")]
#[cfg_attr(all(target_arch = "aarch64", target_os = "none"), path = "arch/aarch64.rs")]
#[cfg_attr(not(target_os = "none"), path = "arch/host.rs")]
mod arch;
mod image;

/// The stack's size when the attribute does not say.
pub const DEFAULT_STACK_SIZE: usize = 64 * 1024;

/// A stack of `SIZE` bytes above a page that is unmapped before the program starts.
#[repr(C, align(4096))]
pub struct Stack<const SIZE: usize> {
    guard: UnsafeCell<MaybeUninit<[u8; GRANULE_SIZE]>>,
    memory: UnsafeCell<MaybeUninit<[u8; SIZE]>>,
}

// SAFETY: the memory is used by the thread whose stack it is only; here it has but an address.
unsafe impl<const SIZE: usize> Sync for Stack<SIZE> {}

impl<const SIZE: usize> Stack<SIZE> {
    /// A stack.
    pub const fn new() -> Self {
        const { assert!(SIZE.is_multiple_of(16), "a stack's size must be a multiple of 16") };
        Self { guard: UnsafeCell::new(MaybeUninit::uninit()), memory: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Its upper end, where the stack pointer starts.
    pub const fn top(&'static self) -> StackTop {
        StackTop(self.memory.get().cast::<u8>().wrapping_add(SIZE))
    }

    /// The address of its guard page.
    pub fn guard(&'static self) -> usize {
        self.guard.get().addr()
    }
}

impl<const SIZE: usize> Default for Stack<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

/// A stack's upper end.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct StackTop(*mut u8);

// SAFETY: it is an address, which only the entry code uses.
unsafe impl Sync for StackTop {}

impl StackTop {
    /// The address.
    pub fn addr(self) -> usize {
        self.0.addr()
    }
}

/// Whether the program's own pages have no more rights than their segments need: x86_64's kernel has no NX, and there all stay as the
/// kernel mapped them.
pub const IS_PROTECTED: bool = arch::MEMORY.is_some();

/// Prepares the program and runs its main function. The code of [`declare_root_task`] calls it.
///
/// # Safety
///
/// Called once, by the entry code, with what the kernel passed.
///
/// # Panics
///
/// The guard page is not the program's own: a linker script of another form than expected.
pub unsafe fn enter(bootinfo: *const seL4_BootInfo, guard: usize, main: fn(&BootInfoPtr) -> !) -> ! {
    // SAFETY: the kernel's pointer, passed on by the caller; the kernel maps both pages for good.
    let bootinfo = unsafe { BootInfoPtr::new(bootinfo) };
    // SAFETY: the kernel mapped the buffer and named it in the TCB; nothing else uses it.
    unsafe { sel4::set_ipc_buffer(bootinfo.ipc_buffer()) };
    init_thread::slot::TCB.cap().tcb_without_fpu().expect("the root task has its own thread");
    if let Some(how) = arch::MEMORY {
        image::protect(&bootinfo, how).expect("the image begins with its ELF header");
    }
    unmap_page(&bootinfo.get(), guard).expect("the stack's guard page is a page of the image");
    main(&bootinfo)
}

/// Unmaps one of the program's own pages: what accesses it faults from then on.
///
/// # Errors
///
/// The address is in no page of the image, or the page was unmapped and its frame given away before.
pub fn unmap_page(bootinfo: &BootInfo, address: usize) -> sel4::Result<()> {
    image_frame(bootinfo, address)?.cap().frame_unmap()
}

/// The frame of one of the program's own pages.
///
/// # Errors
///
/// The address is in no page of the image.
pub fn image_frame(
    bootinfo: &BootInfo,
    address: usize,
) -> sel4::Result<init_thread::Slot<sel4::cap_type::Granule>> {
    let index = address.checked_sub(arch::image_start()).map(|offset| offset / GRANULE_SIZE);
    let outside = sel4::Error::new("image_frame", sel4::ErrorKind::InvalidArgument(address as sel4::Word));
    index.and_then(|index| bootinfo.user_image_frames().get(index)).ok_or(outside)
}

/// Declares entry, stack and heap of a root task: what `#[root_task]` expands to.
#[macro_export]
macro_rules! declare_root_task {
    (main = $main:path, stack_size = $stack:expr $(, heap_size = $heap:expr)?) => {
        const _: () = {
            static STACK: $crate::Stack<{ $stack }> = $crate::Stack::new();

            #[unsafe(no_mangle)]
            static __sel4_root_task_stack_top: $crate::StackTop = STACK.top();

            #[unsafe(no_mangle)]
            unsafe extern "C" fn __sel4_root_task_main(
                bootinfo: *const $crate::sel4::sys::seL4_BootInfo,
            ) -> ! {
                // SAFETY: the entry code calls this once, with what the kernel passed.
                unsafe { $crate::enter(bootinfo, STACK.guard(), $main) }
            }

            $(
                #[global_allocator]
                static HEAP: $crate::sel4_dlmalloc::StaticHeap<{ $heap }> =
                    $crate::sel4_dlmalloc::StaticHeap::new();
            )?
        };
    };
}
