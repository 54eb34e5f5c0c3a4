//! seL4 13.0.0 and later on x86_64.

use crate::sys::{self, seL4_UserContext};
use crate::{AbsoluteCPtr, BootInfoPtr, Result, Word, cap};

/// Whether the kernel's window is mapped while programs run, though not for them.
pub const KERNEL_IS_MAPPED: bool = !sys::config::KERNEL_SKIM_WINDOW;

pub(super) const IO_PORT_CONTROL: Word = sys::seL4_CapIOPortControl;

pub(super) fn issue_ports(
    control: cap::IOPortControl,
    first: u16,
    last: u16,
    dst: &AbsoluteCPtr,
) -> Result<()> {
    control.invoke("X86_IOPortControl_Issue", |buffer, control| {
        let (first, last, depth) = (first.into(), last.into(), irq_depth(dst));
        let (root, index) = (dst.root().bits(), dst.path().bits());
        buffer.inner_mut().seL4_X86_IOPortControl_Issue(control, first, last, root, index, depth)
    })
}

/// A slot has its depth as a byte; a depth beyond a word is refused by the kernel as it is.
pub(super) fn irq_depth(slot: &AbsoluteCPtr) -> u8 {
    slot.depth()
}

/// The frequency is a piece of the extra information, 32 bits of content.
pub(crate) fn tsc_mhz(bootinfo: &BootInfoPtr) -> Word {
    let piece = bootinfo.extra().find(|piece| piece.id == TSC_FREQUENCY);
    let content = piece.and_then(|piece| piece.content.first_chunk());
    content.map_or(0, |content| u32::from_ne_bytes(*content).into())
}

/// `SEL4_BOOTINFO_HEADER_X86_TSC_FREQ` of `sel4/bootinfo_types.h`.
const TSC_FREQUENCY: Word = 5;

/// The base of thread-local storage: that of fs, beside which this kernel keeps that of gs.
pub(super) const fn tls_base(registers: &seL4_UserContext) -> Word {
    registers.fs_base
}
