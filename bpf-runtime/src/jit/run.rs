//! What compiled code and its caller share while it runs. All of it is plain data with C's layout: addresses are
//! those of the domain that the code runs in.
use core::mem::offset_of;

use super::Trap;
use crate::isa::{FRAME_BYTES, MAX_FRAMES, Size};

/// Bytes of the stack that a run needs: all frames, the program's own lowest. Aligned to 16 bytes.
pub const STACK_BYTES: usize = FRAME_BYTES * MAX_FRAMES;

/// A helper: r1 to r5 and the run that it is called from; gives r0. It may end the run by [`Run::fail`] when the
/// code was compiled with all checks. Unsafe, since what it takes for addresses has to be such.
pub type HelperFn = unsafe extern "C" fn(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, run: &mut Run) -> u64;

/// Memory that a program may use, for code with all checks.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    base: u64,
    /// By read and write, then by size: one more than the last offset at which an access fits.
    limits: [[u64; 4]; 2],
}

impl Region {
    /// `len` bytes from `base`, which do not wrap around.
    pub const fn new(base: u64, len: u64, writable: bool) -> Self {
        let read = [len, len.saturating_sub(1), len.saturating_sub(3), len.saturating_sub(7)];
        Self { base, limits: [read, if writable { read } else { [0; 4] }] }
    }

    pub(super) const BASE: i32 = offset_of!(Self, base) as i32;
    pub(super) const BYTES: i32 = size_of::<Self>() as i32;

    /// Where the limit for an access is.
    pub(super) const fn limit(size: Size, write: bool) -> i32 {
        offset_of!(Self, limits) as i32 + 32 * write as i32 + 8 * size as i32
    }
}

/// The state of one run.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Run {
    /// The region that most accesses are to: it is looked at first.
    pub first: Region,
    native_stack: u64,
    /// r1 to r5 at the start.
    pub arguments: [u64; 5],
    fp: u64,
    last_fp: u64,
    /// Instructions that may still be executed; counted down only by code that was compiled with fuel.
    pub fuel: u64,
    helpers: u64,
    helper_count: u64,
    regions: u64,
    region_count: u64,
    trap: u32,
    trap_at: u32,
    trap_address: u64,
    /// For the helpers: what they like.
    pub data: u64,
}

impl Run {
    pub(super) const NATIVE_STACK: i32 = offset_of!(Self, native_stack) as i32;
    pub(super) const ARGUMENTS: i32 = offset_of!(Self, arguments) as i32;
    pub(super) const FP: i32 = offset_of!(Self, fp) as i32;
    pub(super) const LAST_FP: i32 = offset_of!(Self, last_fp) as i32;
    pub(super) const FUEL: i32 = offset_of!(Self, fuel) as i32;
    pub(super) const HELPERS: i32 = offset_of!(Self, helpers) as i32;
    pub(super) const HELPER_COUNT: i32 = offset_of!(Self, helper_count) as i32;
    pub(super) const REGIONS: i32 = offset_of!(Self, regions) as i32;
    pub(super) const REGION_COUNT: i32 = offset_of!(Self, region_count) as i32;
    pub(super) const TRAP: i32 = offset_of!(Self, trap) as i32;
    pub(super) const TRAP_AT: i32 = offset_of!(Self, trap_at) as i32;
    pub(super) const TRAP_ADDRESS: i32 = offset_of!(Self, trap_address) as i32;

    /// A run whose stack is [`STACK_BYTES`] bytes at `stack`. `helpers` is indexed by the helpers' numbers;
    /// `regions` are looked at after `first`, and the stack is to be one of them. Both slices are kept as
    /// addresses: they have to live as long as the run.
    pub fn new(stack: u64, helpers: &[Option<HelperFn>], regions: &[Region]) -> Self {
        Self {
            first: Region::default(),
            native_stack: 0,
            arguments: [0; 5],
            fp: stack + FRAME_BYTES as u64,
            last_fp: stack + STACK_BYTES as u64,
            fuel: 0,
            helpers: helpers.as_ptr() as u64,
            helper_count: helpers.len() as u64,
            regions: regions.as_ptr() as u64,
            region_count: regions.len() as u64,
            trap: 0,
            trap_at: 0,
            trap_address: 0,
            data: 0,
        }
    }

    /// Ends the run after the helper that calls this returns.
    pub fn fail(&mut self) {
        self.trap = Trap::Helper as u32;
    }

    /// Why the run ended before its exit, if it did; and the slot of the instruction, or for [`Trap::Fuel`] that
    /// of the first one of its basic block.
    pub fn trap(&self) -> Option<(Trap, u32)> {
        let all = [Trap::Fuel, Trap::Code, Trap::Access, Trap::Misaligned, Trap::NoFunction];
        let all = all.into_iter().chain([Trap::CallDepth, Trap::Helper]);
        all.into_iter().find(|&trap| trap as u32 == self.trap).map(|trap| (trap, self.trap_at))
    }

    /// The address that [`Trap::Access`] is about.
    pub const fn trap_address(&self) -> u64 {
        self.trap_address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_where_accesses_end_to_fit() {
        for (len, expected) in [(0, [0, 0, 0, 0]), (1, [1, 0, 0, 0]), (7, [7, 6, 4, 0]), (8, [8, 7, 5, 1])] {
            assert_eq!(Region::new(64, len, true).limits, [expected; 2]);
            assert_eq!(Region::new(64, len, false).limits, [expected, [0; 4]]);
        }
    }

    #[test]
    fn the_layout_is_the_one_that_code_is_made_for() {
        assert_eq!(Region::limit(Size::B, false), 8);
        assert_eq!(Region::limit(Size::D, true), 64);
        assert_eq!(Region::BYTES, 72);
        assert_eq!(Run::NATIVE_STACK, 72);
        assert_eq!(Run::TRAP_AT, Run::TRAP + 4);
    }
}
