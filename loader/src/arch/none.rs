//! An architecture whose boot loader enters the kernel itself: x86_64, by multiboot.

use loader::Head;

/// None.
pub const MACHINE: u64 = 0;

/// Never called: nothing starts here.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    super::load()
}

/// Does not go on.
pub fn enter(_: &Head) -> ! {
    stop()
}

/// Does not go on.
pub fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
