//! The half of the root task that makes system calls: build what the plan says, then supervise.

include!(concat!(env!("OUT_DIR"), "/arch.rs"));

mod attach;
mod boot;
mod callers;
mod cells;
mod console;
mod control;
mod devices;
mod domain;
mod error;
mod fault;
mod guard;
mod health;
mod helper;
mod memory;
mod objects;
mod parts;
mod probe;
mod quota;
mod restart;
mod spawn;
mod supervise;
mod ticker;
mod uart;
mod vspace;
mod watch;
mod watch_cells;
mod watch_services;

use sel4_root_task::root_task;

// The heap holds the plan, and what is kept of each service.
#[root_task(heap_size = 128 * 1024, stack_size = 64 * 1024)]
fn main(bootinfo: &sel4::BootInfoPtr) -> ! {
    let entered = arch::ticks();
    console::start();
    match boot::boot(bootinfo, entered) {
        Ok(system) => supervise::run(system),
        Err(error) => {
            log::error!("boot: {error}");
            sel4::init_thread::suspend_self()
        }
    }
}
