//! dlmalloc over a fixed arena, as the global allocator of a program with one thread.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};

use dlmalloc::{Allocator, Dlmalloc};

/// What dlmalloc counts its memory in.
const PAGE: usize = 4096;

/// A heap of `SIZE` bytes, whole pages. It takes no room in the program's file.
///
/// ```
/// use sel4_dlmalloc::StaticHeap;
///
/// #[global_allocator]
/// static HEAP: StaticHeap<{ 1024 * 1024 }> = StaticHeap::new();
///
/// assert_eq!(vec![1; 100].len(), 100);
/// ```
#[repr(C)]
pub struct StaticHeap<const SIZE: usize> {
    arena: Memory<SIZE>,
    // Made when first used: its initial value is not all zeros, and would drag the arena out of `.bss`.
    allocator: UnsafeCell<Option<Dlmalloc<Arena>>>,
    busy: AtomicBool,
}

#[repr(C, align(4096))]
struct Memory<const SIZE: usize>(UnsafeCell<[MaybeUninit<u8>; SIZE]>);

// SAFETY: `busy` admits one thread at a time.
unsafe impl<const SIZE: usize> Sync for StaticHeap<SIZE> {}

impl<const SIZE: usize> StaticHeap<SIZE> {
    /// A heap with all of its memory free.
    pub const fn new() -> Self {
        const { assert!(SIZE.is_multiple_of(PAGE), "a heap's size must be a multiple of 4096") };
        Self {
            arena: Memory(UnsafeCell::new([MaybeUninit::uninit(); SIZE])),
            allocator: UnsafeCell::new(None),
            busy: AtomicBool::new(false),
        }
    }

    /// Works on the allocator, unless another thread of the program was stopped amid doing so: a program with
    /// several threads must not allocate in more than one of them.
    fn work<T>(&self, work: impl FnOnce(&mut Dlmalloc<Arena>) -> T) -> Option<T> {
        if self.busy.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: `busy` was false, so nothing else holds a reference.
        let allocator = unsafe { &mut *self.allocator.get() };
        let allocator = allocator.get_or_insert_with(|| {
            let arena = Arena { base: self.arena.0.get().cast(), size: SIZE, given: Cell::new(false) };
            let mut allocator = Dlmalloc::new_with_allocator(arena);
            // Otherwise it asks for 64 KiB at once, which a small arena does not have.
            allocator.set_granularity(PAGE);
            allocator
        });
        let result = work(allocator);
        self.busy.store(false, Ordering::Release);
        Some(result)
    }
}

impl<const SIZE: usize> Default for StaticHeap<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: dlmalloc hands out memory of the arena, each byte once, aligned as asked; when the heap is busy or
// full the answer is null.
unsafe impl<const SIZE: usize> GlobalAlloc for StaticHeap<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about the layout is dlmalloc's.
        self.work(|heap| unsafe { heap.malloc(layout.size(), layout.align()) }).unwrap_or(null_mut())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise: the block is of this heap and layout. A busy heap keeps it: lost, but sound.
        self.work(|heap| unsafe { heap.free(block, layout.size(), layout.align()) });
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        self.work(|heap| unsafe { heap.calloc(layout.size(), layout.align()) }).unwrap_or(null_mut())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`.
        self.work(|heap| unsafe { heap.realloc(block, layout.size(), layout.align(), new_size) })
            .unwrap_or(null_mut())
    }
}

/// The memory under dlmalloc: given as a whole the first time that it asks, and never taken back.
struct Arena {
    base: *mut u8,
    size: usize,
    given: Cell<bool>,
}

// SAFETY: the pointer is to a static, which `StaticHeap` guards.
unsafe impl Send for Arena {}

// SAFETY: the memory is given once.
unsafe impl Allocator for Arena {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size > self.size || self.given.replace(true) {
            return (null_mut(), 0, 0);
        }
        (self.base, self.size, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_heap_says_so_and_recovers() {
        static HEAP: StaticHeap<{ 4 * PAGE }> = StaticHeap::new();
        let layout = Layout::from_size_align(PAGE, 64).expect("a layout");
        let mut blocks = [null_mut(); 4];
        // SAFETY: the layouts are those of the blocks.
        unsafe {
            for block in &mut blocks {
                *block = HEAP.alloc(layout);
            }
            assert!(!blocks[0].is_null() && blocks[0].addr().is_multiple_of(64));
            // dlmalloc's own head and foot take a part of the last page.
            assert!(blocks[3].is_null());
            assert!(HEAP.alloc(Layout::from_size_align(5 * PAGE, 8).expect("a layout")).is_null());
            HEAP.dealloc(blocks[1], layout);
            assert!(!HEAP.alloc_zeroed(layout).is_null());
        }
    }
}
