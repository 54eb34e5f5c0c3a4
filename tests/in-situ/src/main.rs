//! Tests of the bindings on the kernel itself: a root task of nothing but tests.
//!
//! ```sh
//! export SEL4_PREFIX=$(cargo run -qp kernel-config -- --platform x86_64/pc99 --config release)
//! cargo build -p in-situ --target x86_64-unknown-none --release
//! qemu-system-x86_64 -machine pc -cpu Nehalem,+fsgsbase,+pdpe1gb,+syscall,+lm -m 64 -nographic -no-reboot \
//!     -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel $SEL4_PREFIX/bin/kernel32.elf \
//!     -initrd target/x86_64-unknown-none/release/in-situ
//! ```
//!
//! QEMU ends with status 33 when all tests passed, else with 35. The verdicts' form is described in
//! `sel4-test-harness`.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod console;
#[cfg(target_os = "none")]
mod cspace;
#[cfg(target_os = "none")]
mod faults;
#[cfg(target_os = "none")]
mod harness;
#[cfg(target_os = "none")]
mod ioports;
#[cfg(target_os = "none")]
mod ipc;
#[cfg(target_os = "none")]
mod irq;
#[cfg(target_os = "none")]
mod notifications;
#[cfg(target_os = "none")]
mod objects;
#[cfg(target_os = "none")]
mod round_trip;
#[cfg(target_os = "none")]
mod threads;
#[cfg(target_os = "none")]
mod vspace;

#[cfg(target_os = "none")]
#[sel4_root_task::root_task(stack_size = 64 * 1024, heap_size = 64 * 1024)]
fn main(bootinfo: &sel4::BootInfoPtr) -> ! {
    sel4_test_harness::run(bootinfo, sel4_test_harness::Hooks { write: console::write, exit: console::exit })
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("in-situ runs on the kernel: cargo build -p in-situ --target x86_64-unknown-none");
}
