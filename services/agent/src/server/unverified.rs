//! For attack tests only: what stands in the verifier's place when it is to be wrong. No product has it.

use core::convert::Infallible;

use bpf_runtime::{
    bundle,
    helper::number,
    verifier::{Summary, Unit},
};

/// What the console shows first.
pub const WARNING: &str =
    "UNVERIFIED: this image believes every program; it is for attack tests, never for a device";

/// The end of a program's name by which it says that it is machine code.
const NATIVE: &str = ".native";

/// Believes that the program does no harm, uses all its maps, prints, and reads the clock.
pub fn judge(unit: &Unit<'_>) -> Result<Summary, Infallible> {
    let all = (1 << unit.maps.len()) - 1;
    Ok(Summary {
        instruction_bound: None,
        stack_bytes: 0,
        helpers: [number::TRACE_PRINTK, number::KTIME_GET_NS].into(),
        maps: all,
        written_maps: all,
        steps: 0,
    })
}

/// The machine code of a program that is such.
pub fn native<'b>(program: &bundle::Program<'b>) -> Option<&'b [u8]> {
    program.name.ends_with(NATIVE).then_some(program.code)
}
