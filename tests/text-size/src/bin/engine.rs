//! The verifier and the interpreter, with its helpers and maps.
#![cfg_attr(target_os = "none", no_std, no_main)]

/// The linker's entry.
#[cfg(target_os = "none")]
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn _start() {
    use bpf_runtime::{
        hook::HOOKS,
        isa::Insn,
        map::Map,
        verifier::{Limits, Refusal, Summary, Unit, verify},
    };
    let memory = text_size::memory();
    let code: [Insn; 64] =
        core::array::from_fn(|at| Insn::from_bytes(memory.load(8 * at, 8).unwrap_or(0).to_le_bytes()));
    let maps = Map::open(memory).map(|map| [*map.spec()]);
    let unit =
        Unit { code: &code, hook: &HOOKS[0], maps: maps.as_ref().map_or(&[], |maps| maps), lines: None };
    // Called by an address that the compiler does not know, it keeps its symbol.
    let verify: fn(&Unit<'_>, &Limits) -> Result<Summary, Refusal> = verify;
    if core::hint::black_box(verify)(&unit, &Limits::default()).is_ok() {
        text_size::run();
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
