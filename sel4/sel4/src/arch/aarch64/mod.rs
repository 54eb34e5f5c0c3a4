//! aarch64.

mod fault;
/// What one generation of kernels does in another way than the others.
#[cfg_attr(sel4_generation = "v5", path = "v5.rs")]
#[cfg_attr(sel4_generation = "v13", path = "v13.rs")]
mod generation;
mod object;

pub use generation::{FrameObjectType, ObjectBlueprintArch, TranslationTableObjectType};

pub(crate) use generation::cap_types;

/// There are no initial slots that other architectures lack.
pub(crate) mod slots {}

/// Ends the thread by a fault (an undefined instruction), of which its fault endpoint learns.
pub fn abort() -> ! {
    // SAFETY: the instruction faults; the thread goes no further unless its fault handler restarts it, which
    // faults again.
    unsafe { core::arch::asm!("2: udf #0", "b 2b", options(noreturn, nomem, nostack)) }
}
