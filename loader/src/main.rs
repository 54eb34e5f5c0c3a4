//! The loader: started by firmware or an emulator, it puts kernel and root task where they belong and enters the kernel.
//! It runs without caches and address translation until `arch::enter`.
//!
//! On x86_64 there is none: its boot loaders enter the kernel themselves, by multiboot.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(all(target_os = "none", not(target_arch = "x86_64")))]
mod machine;

/// There is nothing to load.
#[cfg(not(target_os = "none"))]
fn main() {}

#[cfg(all(target_os = "none", target_arch = "x86_64"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
