//! The verifier's memory, counted by the allocator: never above what it may use, and under 1 MB for the longest programs.
mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use bpf_runtime::{
    isa::{Insn, MAX_INSNS},
    verifier::{Limits, Unit, verify},
};
use common::{MAPS, assemble, hook};

/// Steps of a verification here: memory is taken early.
const STEPS: u64 = 40_000;

/// Counts the bytes that are in use, and the most that were.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: each call is the system allocator's own, with the same arguments; counting touches no memory of theirs.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(used, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, and `alloc` above gave the system's memory.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that a verification took at most, whatever its verdict, and that verdict.
fn peak(code: &[Insn], limits: &Limits) -> (usize, String) {
    let unit = Unit { code, hook: hook("xdp"), maps: &MAPS, lines: None };
    let before = USED.load(Relaxed);
    MOST.store(before, Relaxed);
    let verdict = verify(&unit, limits);
    let most = MOST.load(Relaxed) - before;
    let verdict = verdict.map_or_else(|e| e.reason.to_string(), |s| format!("{} steps", s.steps));
    (most, verdict)
}

/// As many instructions as there may be, of parts that are repeated.
fn long(start: &str, part: impl Fn(usize) -> String, end: &str) -> Vec<Insn> {
    let (start, end) = (assemble(start), assemble(end));
    let room = MAX_INSNS - start.len() - end.len();
    let mut code = start;
    for n in 0.. {
        let part = assemble(&part(n));
        if code.len() + part.len() > room {
            break;
        }
        code.extend(part);
    }
    code.extend(end);
    code
}

/// Programs that wear the verifier out: many paths, much on the stack, many loops, many functions.
fn programs() -> Vec<(&'static str, Vec<Insn>)> {
    let start = "r6 = r1\nr7 = *(u32 *)(r6 + 12)\nr8 = 0\nr9 = *(u32 *)(r6 + 16)\n";
    let spill = |n: usize| 8 * (n % 60 + 1);
    let branch = |n| format!("if r7 > {n} goto 1\nr8 ^= r7\n*(u64 *)(r10 - {}) = r8\n", spill(n));
    let equal =
        |n| format!("r1 = r7\nr1 &= {n}\nif r1 == {n} goto 1\nr9 += r1\n*(u64 *)(r10 - {}) = r9\n", spill(n));
    let packet = |n: usize| {
        format!(
            "r1 = *(u32 *)(r6 + 0)\nr2 = *(u32 *)(r6 + 4)\nr3 = r9\nr3 &= {}\nr1 += r3\nr3 = r1\nr3 += 8\nif r3 > r2 goto 2\n\
             r9 = *(u32 *)(r1 + {})\n*(u64 *)(r10 - {}) = r1\n",
            2 * n + 1,
            n % 5,
            spill(n)
        )
    };
    let looped =
        |n: usize| format!("r1 = 0\nr1 += 1\nif r1 == {n} goto 2\nr8 += r1\nif r1 < {} goto -4\n", n + 10);
    let end = "r0 = 0\nexit";
    vec![
        ("straight", long(start, |_| "r8 += r7\n".into(), end)),
        ("branches", long(start, branch, end)),
        ("values", long(start, equal, end)),
        ("packets", long(start, packet, end)),
        ("loops", long(start, looped, end)),
    ]
}

// One test: others at the same time would be counted, too.
#[test]
fn memory_is_what_was_allowed() {
    for (name, code) in programs() {
        assert!(code.len() > MAX_INSNS - 12, "{name}: {}", code.len());
        for memory_bytes in [Limits::default().memory_bytes, 300 << 10] {
            let (bytes, verdict) = peak(&code, &Limits { memory_bytes, steps: Some(STEPS) });
            println!("{name}: {bytes} of {memory_bytes} bytes: {verdict}");
            assert!(bytes <= memory_bytes, "{name}: {bytes} of {memory_bytes} bytes: {verdict}");
            assert!(bytes < 1_000_000, "{name}: {bytes}");
        }
    }
}
