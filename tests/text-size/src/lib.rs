//! What the two programs share. They are linked, measured and never run: `scripts/bench.sh engine` does it.
#![cfg(target_os = "none")]
#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    hint::black_box,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use bpf_runtime::{
    interp::{Env, Outcome, Program, ProgramError, Trap, Workspace},
    map::{Map, MapError},
};
use shm::Shm;

/// A heap of a few lines, for its text is not the engine's: it gives and never takes back.
struct Arena {
    words: [AtomicU64; 4096],
    used: AtomicUsize,
}

#[global_allocator]
static HEAP: Arena = Arena { words: [const { AtomicU64::new(0) }; 4096], used: AtomicUsize::new(0) };

// SAFETY: each allocation gets words of its own, which are aligned to 8 bytes; null means that memory is out.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let words = layout.size().div_ceil(8);
        let at = self.used.fetch_add(words, Relaxed);
        match self.words.get(at..).and_then(|free| free.get(..words)) {
            Some(free) if layout.align() <= 8 => free.as_ptr().cast_mut().cast(),
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

static WORDS: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];

/// Memory of which the compiler knows nothing.
pub fn memory() -> Shm<'static> {
    Shm::from_words(&WORDS)
}

struct World;

impl Env for World {
    fn now_ns(&mut self) -> u64 {
        WORDS[0].load(Relaxed)
    }

    fn random_u32(&mut self) -> u32 {
        WORDS[1].load(Relaxed) as u32
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        WORDS[2].store(text.len() as u64, Relaxed);
    }
}

type Run = for<'r> fn(
    &'r mut Workspace<'static>,
    &'r Program,
    &'r [u8],
    &'r [Map<'static>],
    &'r mut World,
    u64,
) -> Result<Outcome, Trap>;

/// Runs a program from memory.
pub fn run() {
    // Called by addresses that the compiler does not know, the engine's functions keep their symbols.
    let load: fn(Shm<'static>) -> Result<Program, ProgramError> = Program::from_shm;
    let open: fn(Shm<'static>) -> Result<Map<'static>, MapError> = Map::open;
    let run: Run = Workspace::run;
    let (Ok(program), Ok(map)) = (black_box(load)(memory()), black_box(open)(memory())) else { return };
    let context = WORDS[3].load(Relaxed).to_le_bytes();
    let outcome = black_box(run)(&mut Workspace::default(), &program, &context, &[map], &mut World, 1000);
    WORDS[4].store(outcome.map_or(0, |outcome| outcome.r0), Relaxed);
}
