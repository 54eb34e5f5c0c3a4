//! x86_64.

mod fault;
/// What one generation of kernels does in another way than the others.
#[cfg_attr(sel4_generation = "v5", path = "v5.rs")]
#[cfg_attr(sel4_generation = "v13", path = "v13.rs")]
mod generation;
mod object;

use crate::{AbsoluteCPtr, Error, Result, Word, cap, with_ipc_buffer_mut};

/// There is no fault of which the kernel tells that alone.
pub(crate) const SYNDROME_ALONE: Option<Word> = None;

pub use object::{FrameObjectType, ObjectBlueprintArch, TranslationTableObjectType};

pub use generation::KERNEL_IS_MAPPED;
pub(crate) use generation::tsc_mhz;

pub(crate) mod cap_types {
    crate::capability::declare_cap_types! {
        /// The top page table, an address space.
        PML4,
        /// The page table below it.
        PDPT,
        /// The page table below that.
        PageDirectory,
        /// The last page table.
        PageTable,
        /// A frame of 4 KiB.
        _4k,
        /// A frame of 2 MiB.
        LargePage,
        /// A frame of 1 GiB.
        HugePage,
        /// A range of I/O ports.
        IOPort,
        /// The right to make capabilities of ranges of I/O ports.
        IOPortControl,
        /// A device's address space behind an IOMMU.
        IOSpace,
        /// A page table of an IOMMU.
        IOPageTable,
    }

    /// An address space.
    pub type VSpace = cap_type::PML4;
    /// The smallest frame.
    pub type Granule = cap_type::_4k;
}

/// Initial slots that other architectures lack.
pub(crate) mod slots {
    use crate::cap_type;
    use crate::init_thread::Slot;
    use crate::sys;

    /// The right to make capabilities of I/O ports.
    pub const IO_PORT_CONTROL: Slot<cap_type::IOPortControl> =
        Slot::from_index(crate::arch::generation::IO_PORT_CONTROL as usize);
    /// The IOMMU's address spaces, if there is one.
    pub const IO_SPACE: Slot<cap_type::IOSpace> = Slot::from_index(sys::seL4_CapIOSpace as usize);
}

/// How an interrupt line tells the IOAPIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A rising edge: the lines of ISA.
    Edge,
    /// A low level: the lines of PCI.
    Level,
}

impl cap::IOPortControl {
    /// Makes a capability of the ports `first..=last`. A port goes into one of them only.
    ///
    /// # Errors
    ///
    /// `RevokeFirst` (since 13.0.0): another one has a port of these. The slot is not empty.
    pub fn ioport_control_issue(self, first: u16, last: u16, dst: &AbsoluteCPtr) -> Result<()> {
        generation::issue_ports(self, first, last, dst)
    }
}

impl cap::IrqControl {
    /// Makes a handler for the interrupt on an IOAPIC's pin, which gets the vector (0 to 107, one for each).
    ///
    /// # Errors
    ///
    /// `RangeError`, or `RevokeFirst` when the vector is taken.
    pub fn irq_control_get_ioapic(
        self,
        ioapic: Word,
        pin: Word,
        trigger: Trigger,
        vector: Word,
        dst: &AbsoluteCPtr,
    ) -> Result<()> {
        // Level and polarity: 1 is level-triggered and active low.
        let line = Word::from(trigger == Trigger::Level);
        self.invoke("IRQControl_GetIOAPIC", |buffer, control| {
            let (root, index, depth) = (dst.root().bits(), dst.path().bits(), generation::irq_depth(dst));
            buffer
                .inner_mut()
                .seL4_IRQControl_GetIOAPIC(control, root, index, depth, ioapic, pin, line, line, vector)
        })
    }
}

/// Declares the accesses of one width.
macro_rules! io_port_accesses {
    ($($(#[$doc:meta])* $read:ident, $write:ident: $kind:ident, $in:ident $in_name:literal, $out:ident $out_name:literal;)*) => {
        impl cap::IOPort {
            $(
                /// Reads from a port, in
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// `IllegalOperation`: the port is outside the capability's range.
                #[inline]
                pub fn $read(self, port: u16) -> Result<$kind> {
                    with_ipc_buffer_mut(|buffer| {
                        let answer = buffer.inner_mut().$in(self.bits(), port);
                        Error::wrap($in_name, answer.error, buffer)?;
                        Ok(answer.result)
                    })
                }

                /// Writes to a port, in
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// `IllegalOperation`: the port is outside the capability's range.
                #[inline]
                pub fn $write(self, port: u16, data: $kind) -> Result<()> {
                    self.invoke($out_name, |buffer, cap| {
                        buffer.inner_mut().$out(cap, port.into(), data.into())
                    })
                }
            )*
        }
    };
}

io_port_accesses! {
    /// bytes.
    ioport_in8, ioport_out8: u8,
        seL4_X86_IOPort_In8 "X86_IOPort_In8", seL4_X86_IOPort_Out8 "X86_IOPort_Out8";
    /// half words.
    ioport_in16, ioport_out16: u16,
        seL4_X86_IOPort_In16 "X86_IOPort_In16", seL4_X86_IOPort_Out16 "X86_IOPort_Out16";
    /// double words.
    ioport_in32, ioport_out32: u32,
        seL4_X86_IOPort_In32 "X86_IOPort_In32", seL4_X86_IOPort_Out32 "X86_IOPort_Out32";
}

/// Ends the thread by a fault (an invalid opcode), of which its fault endpoint learns.
pub fn abort() -> ! {
    // SAFETY: the instruction faults; the thread goes no further unless its fault handler restarts it, which
    // faults again.
    unsafe { core::arch::asm!("2: ud2", "jmp 2b", options(noreturn, nomem, nostack)) }
}
