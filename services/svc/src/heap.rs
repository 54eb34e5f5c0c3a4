//! A heap, for services that need one: see [`crate::heap!`].

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::{NonNull, null_mut},
};

/// A heap of `BYTES` bytes inside the service's image.
pub struct Heap<const BYTES: usize>(UnsafeCell<State<BYTES>>);

struct State<const BYTES: usize> {
    heap: linked_list_allocator::Heap,
    ready: bool,
    memory: Memory<BYTES>,
}

/// Aligned as the allocator wants its first hole.
#[repr(align(16))]
struct Memory<const BYTES: usize>([u8; BYTES]);

// SAFETY: a service has one thread.
unsafe impl<const BYTES: usize> Sync for Heap<BYTES> {}

impl<const BYTES: usize> Heap<BYTES> {
    /// An empty heap.
    pub const fn new() -> Self {
        let heap = linked_list_allocator::Heap::empty();
        Self(UnsafeCell::new(State { heap, ready: false, memory: Memory([0; BYTES]) }))
    }

    fn with<T>(&self, work: impl FnOnce(&mut linked_list_allocator::Heap) -> T) -> T {
        // SAFETY: one thread, and `work` never comes back here: the allocator does not allocate.
        let state = unsafe { &mut *self.0.get() };
        if BYTES > 0 && !state.ready {
            state.ready = true;
            // SAFETY: the memory is this heap's alone, and this runs once.
            unsafe { state.heap.init(state.memory.0.as_mut_ptr(), BYTES) };
        }
        work(&mut state.heap)
    }

    /// Bytes that are in use.
    pub fn used(&self) -> usize {
        self.with(|heap| heap.used())
    }
}

impl<const BYTES: usize> Default for Heap<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: the allocator's blocks do not overlap and fit their layouts; none is moved or taken back.
unsafe impl<const BYTES: usize> GlobalAlloc for Heap<BYTES> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.with(|heap| heap.allocate_first_fit(layout)).map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(block) = NonNull::new(block) {
            // SAFETY: the caller got it from `alloc` with this layout.
            self.with(|heap| unsafe { heap.deallocate(block, layout) });
        }
    }
}
