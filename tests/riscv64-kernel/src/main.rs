//! Checks the kernel's riscv64 layer (`kernel-config/overlay/riscv64`) from below: a root task that boots on the kernel
//! alone and does to it what programs can do, rightly and wrongly. Then it fuzzes the invocations of memory objects.
//!
//! Each check prints one line, and the last line is `checks PASSED passed, FAILED failed`; then the machine is switched
//! off. `HYPOS_FUZZ_SEED` and `HYPOS_FUZZ_ROUNDS`, at build time, choose the fuzzer's seed (else the clock does) and
//! its length. `tests/tests/riscv64_kernel.rs` runs it.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod agent;
#[cfg(target_os = "none")]
mod asid;
#[cfg(target_os = "none")]
mod devices;
#[cfg(target_os = "none")]
mod errors;
#[cfg(target_os = "none")]
mod faults;
#[cfg(target_os = "none")]
mod fuzz;
#[cfg(target_os = "none")]
mod kernel;
#[cfg(target_os = "none")]
mod pages;
#[cfg(target_os = "none")]
mod report;
#[cfg(target_os = "none")]
mod spin;
#[cfg(target_os = "none")]
mod task;
#[cfg(target_os = "none")]
mod threads;
#[cfg(target_os = "none")]
mod vspace;

#[cfg(target_os = "none")]
#[sel4_root_task::root_task(stack_size = 32 * 1024)]
fn main(bootinfo: &sel4::BootInfoPtr) -> ! {
    let mut task = task::Task::new(bootinfo.get());
    devices::open(&mut task);
    report::say("riscv64 kernel checks");
    threads::check(&mut task);
    let space = vspace::check(&mut task);
    faults::check(&mut task, &space);
    errors::check(&mut task, &space);
    vspace::check_tables(&mut task, &space);
    pages::check(&mut task, &space);
    let mut clock = devices::check(&mut task);
    spin::check(&mut task, &mut clock);
    asid::check(&mut task, &space);
    pages::check_revoke(&mut task, &space);
    fuzz::check(&mut task);
    report::end();
    devices::power_off()
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "riscv64-kernel runs on the kernel: cargo build -p riscv64-kernel --target riscv64imac-unknown-none-elf"
    );
}
