//! Tests of the bindings on the kernel itself: a root task of nothing but tests.
//!
//! `scripts/lib.sh` builds it (`build_in_situ`) and makes an image of it for each kernel; `tests/tests/in_situ.rs` boots them.
//! QEMU ends with status 33 when all tests passed, else with 35. The verdicts' form is described in `sel4-test-harness`.
//!
//! What differs between architectures stands in `arch/`: the same names in each file.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
mod arch;
#[cfg(target_os = "none")]
mod console;
#[cfg(target_os = "none")]
mod cspace;
#[cfg(target_os = "none")]
mod faults;
#[cfg(target_os = "none")]
mod harness;
#[cfg(all(target_os = "none", target_arch = "x86_64"))]
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
#[cfg(all(target_os = "none", not(target_arch = "x86_64")))]
mod source;
#[cfg(target_os = "none")]
mod threads;
#[cfg(target_os = "none")]
mod vspace;

#[cfg(target_os = "none")]
#[sel4_root_task::root_task(stack_size = 64 * 1024, heap_size = 64 * 1024)]
fn main(bootinfo: &sel4::BootInfoPtr) -> ! {
    // Without a console nobody hears of it: the run ends with nothing said.
    console::open(bootinfo.get()).expect("a console");
    sel4_test_harness::run(bootinfo, sel4_test_harness::Hooks { write: console::write, exit: console::exit })
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("in-situ runs on the kernel: cargo build -p in-situ --target x86_64-unknown-none");
}
