//! Our compiled code on real addresses: a stack, two regions, one helper.
use std::{slice, sync::atomic::AtomicU64};

use anyhow::{Error, Result, ensure};
use bpf_runtime::{
    helper::number,
    isa::Insn,
    jit::{Checks, HelperFn, MapAddress, Options, Region, Run, STACK_BYTES},
    map::{HEADER_BYTES, Map},
};

#[path = "../../../bpf-runtime/tests/compiled/native.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod code;

/// A compiled program with one map.
pub struct Compiled<'m> {
    code: code::Native,
    stack: Vec<u128>,
    map: &'m Map<'m>,
    regions: [Region; 2],
    helpers: [Option<HelperFn>; 2],
}

impl<'m> Compiled<'m> {
    /// Compiles with all checks and fuel, or with what is left of them in a program that was proven.
    pub fn new(program: &[Insn], map: &'m Map<'m>, words: &'m [AtomicU64], proven: bool) -> Result<Self> {
        let address = words.as_ptr() as u64;
        let handle = std::ptr::from_ref(map) as u64;
        let maps = [MapAddress { handle, values: address + HEADER_BYTES as u64 }];
        let checks = if proven { Checks::Verified } else { Checks::All };
        let code =
            code::Native::new(program, &maps, Options { checks, fuel: !proven }).map_err(Error::msg)?;
        let stack = vec![0; STACK_BYTES / 16];
        let regions = [
            Region::new(stack.as_ptr() as u64, STACK_BYTES as u64, true),
            Region::new(address, size_of_val(words) as u64, true),
        ];
        let mut helpers: [Option<HelperFn>; 2] = [None; 2];
        helpers[number::MAP_LOOKUP_ELEM as usize] = Some(lookup);
        Ok(Self { code, stack, map, regions, helpers })
    }

    /// Runs on this memory; gives r0.
    pub fn run(&mut self, memory: &mut [u8]) -> Result<u64> {
        let (at, len) = (memory.as_mut_ptr().expose_provenance() as u64, memory.len() as u64);
        let mut run = Run::new(self.stack.as_mut_ptr() as u64, &self.helpers, &self.regions);
        run.first = Region::new(at, len, true);
        run.arguments = [at, len, 0, 0, 0];
        run.fuel = u64::MAX;
        run.data = std::ptr::from_ref(self.map) as u64;
        // SAFETY: all that `run` points to outlives the call; the kernels stay inside of it: the interpreters ran
        // them before.
        let r0 = unsafe { self.code.run(&mut run) };
        ensure!(run.trap().is_none(), "compiled code: {:?}", run.trap());
        Ok(r0)
    }
}

unsafe extern "C" fn lookup(_: u64, key: u64, _: u64, _: u64, _: u64, run: &mut Run) -> u64 {
    // SAFETY: `Compiled::run` put it there, and it lives as long as the run.
    let map: &Map<'_> = unsafe { &*(run.data as *const Map<'_>) };
    // SAFETY: the kernel passes the address of as many bytes on its stack.
    let key = unsafe { slice::from_raw_parts(key as *const u8, map.spec().key_size as usize) };
    let value = map.lookup(key.into()).and_then(|entry| map.value(entry));
    value.map_or(0, |value| value.as_ptr() as u64)
}
