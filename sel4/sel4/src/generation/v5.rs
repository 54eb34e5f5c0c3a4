//! seL4 5.0.0.

use crate::sys::{seL4_CapData, seL4_CapRights, seL4_PrioProps};
use crate::{CPtr, Result, Word, cap};

/// A badge or a guard, as invocations take it.
pub(crate) type CapData = seL4_CapData;

pub(crate) const fn cap_data(word: Word) -> CapData {
    seL4_CapData([word])
}

/// A CNode's guard; the kernel keeps 18 bits of it.
pub(crate) const fn guard(guard: Word, size: Word) -> Word {
    // Without the tag of `Guard_new`, which the kernel ignores but takes as "not 0, so set it".
    let mut data = seL4_CapData([0]);
    data.Guard_set_GuardBits(guard);
    data.Guard_set_GuardSize(size);
    data.0[0]
}

pub(crate) const fn rights(grant: bool, read: bool, write: bool) -> seL4_CapRights {
    seL4_CapRights::new(grant as Word, read as Word, write as Word)
}

#[allow(clippy::too_many_arguments)] // As many as the kernel takes at once.
pub(crate) fn configure(
    tcb: cap::Tcb,
    fault_ep: CPtr,
    (priority, max_controlled): (u8, u8),
    cspace: (cap::CNode, CapData),
    vspace: (cap::VSpace, CapData),
    buffer: (Word, cap::Granule),
) -> Result<()> {
    tcb.invoke("TCB_Configure", |ipc, tcb| {
        ipc.inner_mut().seL4_TCB_Configure(
            tcb,
            fault_ep.bits(),
            seL4_PrioProps::new(max_controlled.into(), priority.into()),
            cspace.0.bits(),
            cspace.1,
            vspace.0.bits(),
            vspace.1,
            buffer.0,
            buffer.1.bits(),
        )
    })
}

pub(crate) fn set_priority(tcb: cap::Tcb, priority: u8) -> Result<()> {
    tcb.invoke("TCB_SetPriority", |ipc, tcb| ipc.inner_mut().seL4_TCB_SetPriority(tcb, priority))
}

pub(crate) fn set_mc_priority(tcb: cap::Tcb, priority: u8) -> Result<()> {
    tcb.invoke("TCB_SetMCPriority", |ipc, tcb| ipc.inner_mut().seL4_TCB_SetMCPriority(tcb, priority))
}

/// The kernel takes the limit of the thread that calls.
pub(crate) fn set_authority(_: cap::Tcb) {}

/// The FPU is switched when it is used, which this kernel finds out by itself.
#[allow(clippy::unnecessary_wraps)] // Other generations can fail.
pub(crate) fn without_fpu(_: cap::Tcb) -> Result<()> {
    Ok(())
}

/// The interface counts interrupts in an `int`, the message carries a word.
pub(crate) fn irq(irq: Word) -> i32 {
    i32::try_from(irq).unwrap_or(i32::MAX)
}
