//! Runs compiled code on the host: written through one mapping, executed through another.
use std::{ptr::NonNull, slice};

use bpf_runtime::{
    isa::Insn,
    jit::{Error, MapAddress, Options, Run, Target, compile},
};

/// Compiled code that can be executed and can't be written.
pub struct Native {
    code: NonNull<u8>,
    bytes: usize,
}

impl Native {
    /// Compiles `program` for this host.
    pub fn new(program: &[Insn], maps: &[MapAddress], options: Options) -> Result<Self, Error> {
        let bytes = match compile(Target::X86_64, program, maps, options, &mut []) {
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
        let written = compile(Target::X86_64, program, maps, options, out);
        // SAFETY: both are ours, and not used any more.
        unsafe {
            libc::munmap(writable.as_ptr().cast(), bytes);
            libc::close(file);
        }
        written.map(|written| {
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
