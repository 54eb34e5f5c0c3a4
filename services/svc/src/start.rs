//! From the first instruction to the service's main function, and the end of a service that panics.

use core::{
    panic::PanicInfo,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use caps::standard;

use crate::{arch, logger, memory, signal};

/// Sets the service up and runs `main`: for [`crate::service!`].
pub fn start(main: fn() -> !) -> ! {
    // SAFETY: the root task maps the IPC buffer there for this thread, the only one, and names it in its TCB.
    unsafe {
        sel4::set_ipc_buffer(core::ptr::with_exposed_provenance_mut(standard::IPC_BUFFER.vaddr as usize));
    }
    memory::clear_pending_call();
    logger::start();
    main()
}

/// Tells the root task that the service is ready to serve.
pub fn ready() {
    signal(standard::READY);
}

/// Logs the panic, then faults: the root task reports the fault and builds the service again.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    static PANICKING: AtomicBool = AtomicBool::new(false);
    if !PANICKING.swap(true, Relaxed) {
        match info.location() {
            Some(at) => log::error!("panicked at {}:{}: {}", at.file(), at.line(), info.message()),
            None => log::error!("panicked: {}", info.message()),
        }
    }
    arch::fault()
}
