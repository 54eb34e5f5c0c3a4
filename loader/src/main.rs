//! The loader: started by firmware or an emulator, it puts kernel and root task where they belong and enters the kernel.
//! It runs without caches and address translation until `arch::enter`.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod machine;

/// On the host there is nothing to load.
#[cfg(not(target_os = "none"))]
fn main() {}
