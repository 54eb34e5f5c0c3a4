//! seL4 5.0.0 on x86_64.

use crate::init_thread::slot;
use crate::sys::{self, seL4_UserContext};
use crate::{AbsoluteCPtr, BootInfoPtr, CapRights, Result, Word, cap};

/// Whether the kernel's window is mapped while programs run, though not for them.
pub const KERNEL_IS_MAPPED: bool = true;

/// Here it is a capability of all ports, of which those of ranges are copies.
pub(super) const IO_PORT_CONTROL: Word = sys::seL4_CapIOPort;

pub(super) fn issue_ports(
    control: cap::IOPortControl,
    first: u16,
    last: u16,
    dst: &AbsoluteCPtr,
) -> Result<()> {
    // `seL4_CapData` of a port range, which no file describes (`src/arch/x86/object/objecttype.c`).
    let range = Word::from(first) << 16 | Word::from(last);
    dst.mint(&slot::CNODE.cap().absolute_cptr(control), CapRights::all(), range)
}

/// An IRQ handler's slot has its depth as a word.
pub(super) fn irq_depth(slot: &AbsoluteCPtr) -> Word {
    slot.path().depth() as Word
}

/// The frequency is in BootInfo.
pub(crate) fn tsc_mhz(bootinfo: &BootInfoPtr) -> Word {
    bootinfo.get().inner().archInfo
}

/// The base of thread-local storage.
pub(super) const fn tls_base(registers: &seL4_UserContext) -> Word {
    registers.tls_base
}
