//! seL4 13.0.0 and later, without MCS.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::init_thread::slot;
use crate::sys::{seL4_CNode_CapData, seL4_CapRights};
use crate::{CPtr, Result, Word, cap};

/// A badge or a guard, as invocations take it.
pub(crate) type CapData = Word;

pub(crate) const fn cap_data(word: Word) -> CapData {
    word
}

/// A CNode's guard; the kernel keeps 58 bits of it.
pub(crate) const fn guard(guard: Word, size: Word) -> Word {
    seL4_CNode_CapData::new(guard, size).0[0]
}

/// Who may pass capabilities along may also be answered: one right in 5.0.0.
pub(crate) const fn rights(grant: bool, read: bool, write: bool) -> seL4_CapRights {
    seL4_CapRights::new(grant as Word, grant as Word, read as Word, write as Word)
}

/// A new thread of these kernels has priority 0 and the FPU; as in 5.0.0 it gets its priority here, and what is built for
/// hypOS does without FPU.
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
            cspace.0.bits(),
            cspace.1,
            vspace.0.bits(),
            vspace.1,
            buffer.0,
            buffer.1.bits(),
        )
    })?;
    tcb.invoke("TCB_SetSchedParams", |ipc, tcb| {
        let (max_controlled, priority) = (max_controlled.into(), priority.into());
        ipc.inner_mut().seL4_TCB_SetSchedParams(tcb, authority(), max_controlled, priority)
    })?;
    without_fpu(tcb)
}

pub(crate) fn set_priority(tcb: cap::Tcb, priority: u8) -> Result<()> {
    tcb.invoke("TCB_SetPriority", |ipc, tcb| {
        ipc.inner_mut().seL4_TCB_SetPriority(tcb, authority(), priority.into())
    })
}

pub(crate) fn set_mc_priority(tcb: cap::Tcb, priority: u8) -> Result<()> {
    tcb.invoke("TCB_SetMCPriority", |ipc, tcb| {
        ipc.inner_mut().seL4_TCB_SetMCPriority(tcb, authority(), priority.into())
    })
}

/// The thread whose limit counts: the root task's own, unless another was named.
static AUTHORITY: AtomicU64 = AtomicU64::new(slot::TCB.cptr().bits());

fn authority() -> Word {
    AUTHORITY.load(Relaxed)
}

pub(crate) fn set_authority(tcb: cap::Tcb) {
    AUTHORITY.store(tcb.bits(), Relaxed);
}

/// Switches to and from such a thread leave the FPU's registers alone.
#[cfg(sel4_tcb_flags)]
pub(crate) fn without_fpu(tcb: cap::Tcb) -> Result<()> {
    use crate::sys::seL4_TCBFlag_fpuDisabled;
    tcb.invoke("TCB_SetFlags", |ipc, tcb| {
        ipc.inner_mut().seL4_TCB_SetFlags(tcb, 0, seL4_TCBFlag_fpuDisabled).error
    })
}

/// seL4 13 switches the FPU when it is used, which it finds out by itself.
#[cfg(not(sel4_tcb_flags))]
#[allow(clippy::unnecessary_wraps)] // Others can fail.
pub(crate) fn without_fpu(_: cap::Tcb) -> Result<()> {
    Ok(())
}

/// Interrupts are counted in words.
pub(crate) const fn irq(irq: Word) -> Word {
    irq
}
