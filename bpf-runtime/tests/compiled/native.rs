//! Runs compiled code on the host: written through one mapping, executed through another.
use std::{ptr::NonNull, slice};

use bpf_runtime::{
    isa::Insn,
    jit::{Error, MapAddress, Options, Run, Target, compile},
};

/// The machine that the tests run on.
pub const HOST: Target = Target::HOST.expect("there is a compiler for this machine");

/// Compiled code that can be executed and can't be written.
pub struct Native {
    code: NonNull<u8>,
    bytes: usize,
}

impl Native {
    /// Compiles `program` for this host.
    pub fn new(program: &[Insn], maps: &[MapAddress], options: Options) -> Result<Self, Error> {
        let bytes = match compile(HOST, program, maps, options, &mut []) {
            Err(Error::NoRoom(bytes)) => bytes,
            other => return other.map(|_| unreachable!("no code is empty")),
        };
        let map = |protection, file| {
            // SAFETY: a new mapping, at an address that the system chooses.
            let at =
                unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_SHARED, file, 0) };
            assert_ne!(at, libc::MAP_FAILED, "no memory for the code");
            NonNull::new(at.cast::<u8>()).expect("a mapping is not at 0")
        };
        // SAFETY: the name ends in a zero.
        let file = unsafe { libc::memfd_create(c"jit".as_ptr(), 0) };
        assert!(file >= 0, "no memory file");
        // SAFETY: the file is open.
        assert_eq!(unsafe { libc::ftruncate(file, bytes as i64) }, 0);
        let (code, writable) =
            (map(libc::PROT_READ | libc::PROT_EXEC, file), map(libc::PROT_READ | libc::PROT_WRITE, file));
        // SAFETY: the mapping is this long and only ours until it is unmapped below.
        let out = unsafe { slice::from_raw_parts_mut(writable.as_ptr(), bytes) };
        let result = compile(HOST, program, maps, options, out);
        synchronise(out, code);
        // SAFETY: both are ours, and not used any more.
        unsafe {
            libc::munmap(writable.as_ptr().cast(), bytes);
            libc::close(file);
        }
        result.map(|written| {
            assert_eq!(written, bytes, "the size that was asked for");
            Self { code, bytes }
        })
    }

    /// Runs the code; gives r0.
    ///
    /// # Safety
    /// What `run` points to lives, and the code was compiled with all checks or of a verified program.
    pub unsafe fn run(&self, run: &mut Run) -> u64 {
        // SAFETY: the code begins with a function of this type.
        let entry: extern "C" fn(&mut Run) -> u64 = unsafe { std::mem::transmute(self.code) };
        entry(run)
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // SAFETY: it is ours, and nothing runs in it.
        unsafe { libc::munmap(self.code.as_ptr().cast(), self.bytes) };
    }
}

/// Has the processor see what was written to `out` when it executes at `code`: what each target needs is said in
/// the compiler's documentation.
#[cfg(target_arch = "aarch64")]
fn synchronise(out: &[u8], code: NonNull<u8>) {
    let types: usize;
    // SAFETY: a read of what user space may read.
    unsafe { std::arch::asm!("mrs {}, ctr_el0", out(reg) types, options(nomem, nostack)) };
    let (data_line, code_line) = (4 << (types >> 16 & 15), 4 << (types & 15));
    for line in (0..out.len()).step_by(data_line) {
        // SAFETY: cleaning a line changes no memory.
        unsafe { std::arch::asm!("dc cvau, {}", in(reg) out.as_ptr().wrapping_add(line), options(nostack)) };
    }
    // SAFETY: a barrier.
    unsafe { std::arch::asm!("dsb ish", options(nostack)) };
    for line in (0..out.len()).step_by(code_line) {
        // SAFETY: invalidating a line of instructions changes no memory.
        unsafe { std::arch::asm!("ic ivau, {}", in(reg) code.as_ptr().wrapping_add(line), options(nostack)) };
    }
    // SAFETY: barriers.
    unsafe { std::arch::asm!("dsb ish", "isb", options(nostack)) };
}

#[cfg(target_arch = "riscv64")]
fn synchronise(_: &[u8], _: NonNull<u8>) {
    // SAFETY: barriers.
    unsafe { std::arch::asm!("fence w, rw", "fence.i", options(nostack)) };
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "riscv64")))]
fn synchronise(_: &[u8], _: NonNull<u8>) {}
