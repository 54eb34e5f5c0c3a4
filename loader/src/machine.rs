//! The part of the loader that is the same everywhere.

#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64.rs")]
mod arch;

use core::{
    fmt::{self, Write},
    panic::PanicInfo,
    ptr::{with_exposed_provenance, with_exposed_provenance_mut},
};

use loader::{Head, Refusal};
use platform::{
    PLATFORM, Place,
    polled::{Registers, put},
};

unsafe extern "C" {
    /// The first byte behind the loader (loader.ld).
    safe static __payload: u64;
}

/// Loads all and enters the kernel; the entry code calls it, on a stack.
extern "C" fn load() -> ! {
    match place() {
        Ok(head) => {
            if let Some(pci) = PLATFORM.control.pci {
                control_uart(pci);
            }
            arch::enter(&head)
        }
        Err(refusal) => refuse(format_args!("{refusal}")),
    }
}

/// Copies the payload to where it belongs.
fn place() -> Result<Head, Refusal> {
    let start = &raw const __payload;
    // SAFETY: memory behind the loader, which nothing else uses; what it holds is a claim.
    let len = loader::length(unsafe { [start.read(), start.add(1).read()] })?;
    // SAFETY: as above. A length beyond the memory faults, which ends the loader as well as a refusal would.
    let words = unsafe { core::slice::from_raw_parts(start, len) };
    let (head, parts) = loader::decode(words, arch::MACHINE)?;
    for (region, part) in head.region.iter().zip(parts).take(head.regions) {
        let to: *mut u64 = with_exposed_provenance_mut(region.to as usize);
        for (index, word) in (0..region.bytes as usize / 8).zip(part.iter().chain(core::iter::repeat(&0))) {
            // SAFETY: the tool that made the image checked that no region overlaps another or the image itself.
            unsafe { to.add(index).write_volatile(*word) };
        }
    }
    Ok(head)
}

/// Gives a UART on PCI its ports, so that nobody needs PCI's configuration space later (PCI Local Bus Specification
/// 3.0, 6.1 and 6.2.5.1).
fn control_uart(pci: platform::Pci) {
    /// Vendor Red Hat, device "16550": QEMU's pci-serial (QEMU docs/specs/pci-ids).
    const ID: u32 = 0x0002_1b36;
    const COMMAND: u64 = 0x04;
    const IO: u32 = 1 << 0;
    const BAR0: u64 = 0x10;
    let register = |offset| with_exposed_provenance_mut::<u32>((pci.config + offset) as usize);
    // SAFETY: the board says that the configuration space of a function lies there; only the loader uses it.
    let id = unsafe { register(0).read_volatile() };
    if id != ID {
        let _ =
            writeln!(Console, "loader: no pci-serial at {:#x} but {id:#x}: no control stream", pci.config);
        return;
    }
    // SAFETY: as above.
    unsafe {
        register(BAR0).write_volatile(pci.port);
        register(COMMAND).write_volatile(IO);
    }
}

/// Says why it does not go on, and stops.
fn refuse(why: fmt::Arguments<'_>) -> ! {
    let _ = writeln!(Console, "loader: {why}");
    arch::stop()
}

/// The board's console, as firmware left it.
struct Console;

struct Mmio(u64);

impl Registers for Mmio {
    fn read8(&mut self, offset: u16) -> Option<u8> {
        // SAFETY: the board says that a UART's registers lie there; only the loader uses it.
        Some(unsafe { with_exposed_provenance::<u8>(self.0 as usize + usize::from(offset)).read_volatile() })
    }

    fn write8(&mut self, offset: u16, value: u8) {
        // SAFETY: as in `read8`.
        unsafe {
            with_exposed_provenance_mut::<u8>(self.0 as usize + usize::from(offset)).write_volatile(value);
        }
    }

    fn read32(&mut self, offset: u16) -> Option<u32> {
        // SAFETY: as in `read8`.
        Some(unsafe { with_exposed_provenance::<u32>(self.0 as usize + usize::from(offset)).read_volatile() })
    }

    fn write32(&mut self, offset: u16, value: u32) {
        // SAFETY: as in `read8`.
        unsafe {
            with_exposed_provenance_mut::<u32>(self.0 as usize + usize::from(offset)).write_volatile(value);
        }
    }
}

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Place::Mmio(paddr) = PLATFORM.console.at {
            for line in text.split_inclusive('\n') {
                put(PLATFORM.console.kind, line.trim_end_matches('\n').as_bytes(), &mut Mmio(paddr));
                if line.ends_with('\n') {
                    put(PLATFORM.console.kind, b"\r\n", &mut Mmio(paddr));
                }
            }
        }
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    refuse(format_args!("{info}"))
}
