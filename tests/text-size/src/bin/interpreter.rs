//! The interpreter, with its helpers and maps.
#![cfg_attr(target_os = "none", no_std, no_main)]

/// The linker's entry.
#[cfg(target_os = "none")]
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn _start() {
    text_size::run();
}

#[cfg(not(target_os = "none"))]
fn main() {}
