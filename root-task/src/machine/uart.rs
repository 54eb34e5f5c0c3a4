//! The console without its driver: polled, as firmware or the driver left it.

use core::{
    cell::UnsafeCell,
    ptr::{with_exposed_provenance, with_exposed_provenance_mut},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use platform::{
    PLATFORM, Place,
    polled::{self, Registers},
};
use sel4::{BootInfo, CapRights, cap};

use super::{arch, error::Why};

/// A page of the root task's image that gives its address to the registers.
#[repr(C, align(4096))]
struct Page(UnsafeCell<[u8; sel4::GRANULE_SIZE]>);

// SAFETY: nobody uses it but by its address.
unsafe impl Sync for Page {}

static PAGE: Page = Page(UnsafeCell::new([0; sel4::GRANULE_SIZE]));

/// The address of the console's registers; 0 while they are not mapped.
static REGISTERS: AtomicUsize = AtomicUsize::new(0);

/// Maps the console's registers, which begin at `offset` of `frame`.
///
/// # Errors
/// The kernel refuses.
pub fn map(bootinfo: BootInfo<'_>, frame: cap::Granule, offset: usize) -> Result<(), Why> {
    let address = PAGE.0.get().expose_provenance();
    sel4_root_task::unmap_page(&bootinfo, address)?;
    let vspace = sel4::init_thread::slot::VSPACE.cap();
    frame.frame_map(vspace, address as u64, CapRights::read_write(), arch::DEVICE)?;
    REGISTERS.store(address + offset, Relaxed);
    Ok(())
}

/// Prints, if there is a console that takes it.
pub fn put(bytes: &[u8]) {
    polled::put(PLATFORM.console.kind, bytes, &mut Console);
}

/// The console's registers, where the board has them.
struct Console;

impl Registers for Console {
    fn read8(&mut self, offset: u16) -> Option<u8> {
        match PLATFORM.console.at {
            Place::Ports(first) => arch::port_in(first + offset),
            Place::Mmio(_) => {
                let register = register(offset)?;
                // SAFETY: a register of the board's UART, mapped for good; no Rust object lies there.
                Some(unsafe { with_exposed_provenance::<u8>(register).read_volatile() })
            }
        }
    }

    fn write8(&mut self, offset: u16, value: u8) {
        match (PLATFORM.console.at, register(offset)) {
            (Place::Ports(first), _) => arch::port_out(first + offset, value),
            // SAFETY: as in `read8`.
            (Place::Mmio(_), Some(register)) => unsafe {
                with_exposed_provenance_mut::<u8>(register).write_volatile(value);
            },
            (Place::Mmio(_), None) => {}
        }
    }

    fn read32(&mut self, offset: u16) -> Option<u32> {
        let register = register(offset)?;
        // SAFETY: as in `read8`.
        Some(unsafe { with_exposed_provenance::<u32>(register).read_volatile() })
    }

    fn write32(&mut self, offset: u16, value: u32) {
        if let Some(register) = register(offset) {
            // SAFETY: as in `read8`.
            unsafe { with_exposed_provenance_mut::<u32>(register).write_volatile(value) }
        }
    }
}

fn register(offset: u16) -> Option<usize> {
    let first = REGISTERS.load(Relaxed);
    if first == 0 { None } else { Some(first + usize::from(offset)) }
}
