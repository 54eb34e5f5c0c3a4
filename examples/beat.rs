//! Counts the ticks of a timer and prints now and then: a program in Rust, without any crate.
#![no_std]

use core::{mem::transmute, ptr::null};

/// A map as libbpf's `__uint` and `__type` describe it: the types of the members say all, their values nothing.
#[repr(C)]
pub struct ArrayMap<K: 'static, V: 'static, const N: usize> {
    r#type: *const [i32; BPF_MAP_TYPE_ARRAY],
    key: *const K,
    value: *const V,
    max_entries: *const [i32; N],
}

const BPF_MAP_TYPE_ARRAY: usize = 2;

// SAFETY: the pointers are never followed.
unsafe impl<K, V, const N: usize> Sync for ArrayMap<K, V, N> {}

impl<K, V, const N: usize> ArrayMap<K, V, N> {
    const fn new() -> Self {
        Self { r#type: null(), key: null(), value: null(), max_entries: null() }
    }

    /// The value under `key`.
    #[inline(always)]
    fn get(&self, key: &K) -> Option<&mut V> {
        // SAFETY: helper 1 is bpf_map_lookup_elem; the verifier checks its arguments and our use of the result.
        unsafe {
            let lookup: extern "C" fn(&Self, &K) -> *mut V = transmute(1_usize);
            lookup(self, key).as_mut()
        }
    }
}

/// Prints `format` with one argument.
#[inline(always)]
fn printk(format: &[u8], argument: u64) {
    // SAFETY: helper 6 is bpf_trace_printk.
    let trace_printk: extern "C" fn(*const u8, u32, u64) -> i64 = unsafe { transmute(6_usize) };
    trace_printk(format.as_ptr(), format.len() as u32, argument);
}

/// `struct hypos_timer` of hypos.h.
#[repr(C)]
pub struct Timer {
    now_ns: u64,
    scheduled_ns: u64,
    period_ns: u64,
    count: u64,
}

#[unsafe(no_mangle)]
#[unsafe(link_section = ".maps")]
static beats: ArrayMap<u32, u64, 1> = ArrayMap::new();

#[unsafe(no_mangle)]
#[unsafe(link_section = "timer")]
pub extern "C" fn beat(timer: &Timer) -> i32 {
    let Some(count) = beats.get(&0) else { return 0 };
    *count += 1;
    if *count % 100 == 0 {
        printk(b"beat at %llu ns\0", timer.now_ns);
    }
    0
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
