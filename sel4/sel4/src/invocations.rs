//! Invocations that every architecture has. Errors name the call: see [`Error`].

use crate::generation;
use crate::sys::seL4_Error;
use crate::{
    AbsoluteCPtr, CNodeCapData, CPtr, Cap, CapType, Error, IpcBuffer, ObjectBlueprint, Result, UserContext,
    Word, cap, with_ipc_buffer_mut,
};

impl<T: CapType> Cap<T> {
    /// Invokes this capability by its address.
    #[inline]
    pub(crate) fn invoke(
        self,
        call: &'static str,
        work: impl FnOnce(&mut IpcBuffer, Word) -> seL4_Error,
    ) -> Result<()> {
        with_ipc_buffer_mut(|buffer| {
            let error = work(buffer, self.bits());
            Error::wrap(call, error, buffer)
        })
    }
}

impl cap::Untyped {
    /// Makes `num_objects` objects (256 at most); their capabilities go into the CNode `dst`, from slot
    /// `dst_offset` on.
    ///
    /// # Errors
    ///
    /// `NotEnoughMemory`, `DeleteFirst` when a slot is not empty, `RangeError` for a size or a number.
    pub fn untyped_retype(
        self,
        blueprint: &ObjectBlueprint,
        dst: &AbsoluteCPtr,
        dst_offset: usize,
        num_objects: usize,
    ) -> Result<()> {
        self.invoke("Untyped_Retype", |buffer, untyped| {
            buffer.inner_mut().seL4_Untyped_Retype(
                untyped,
                blueprint.ty(),
                blueprint.api_size_bits().unwrap_or(0) as Word,
                dst.root().bits(),
                dst.path().bits(),
                dst.path().depth() as Word,
                dst_offset as Word,
                num_objects as Word,
            )
        })
    }
}

impl cap::Tcb {
    /// Sets what a thread needs, which does without FPU: the address of its fault endpoint in its own CSpace (0: none), priority and the
    /// greatest priority that it may give, CSpace, VSpace, IPC buffer (address and frame; address 0: none).
    ///
    /// # Errors
    ///
    /// A capability of the wrong kind, an address that is not aligned, a priority above the caller's own limit.
    #[allow(clippy::too_many_arguments)] // As many as the kernel takes at once.
    pub fn tcb_configure(
        self,
        fault_ep: CPtr,
        (priority, max_controlled): (u8, u8),
        cspace_root: cap::CNode,
        cspace_root_data: CNodeCapData,
        vspace_root: cap::VSpace,
        ipc_buffer: Word,
        ipc_buffer_frame: cap::Granule,
    ) -> Result<()> {
        let keep = CNodeCapData::KEEP.into_inner();
        generation::configure(
            self,
            fault_ep,
            (priority, max_controlled),
            (cspace_root, cspace_root_data.into_inner()),
            (vspace_root, keep),
            (ipc_buffer, ipc_buffer_frame),
        )
    }

    /// Sets fault endpoint (in the thread's own CSpace), CSpace and VSpace.
    ///
    /// # Errors
    ///
    /// A capability of the wrong kind.
    pub fn tcb_set_space(
        self,
        fault_ep: CPtr,
        cspace_root: cap::CNode,
        cspace_root_data: CNodeCapData,
        vspace_root: cap::VSpace,
    ) -> Result<()> {
        self.invoke("TCB_SetSpace", |buffer, tcb| {
            buffer.inner_mut().seL4_TCB_SetSpace(
                tcb,
                fault_ep.bits(),
                cspace_root.bits(),
                cspace_root_data.into_inner(),
                vspace_root.bits(),
                CNodeCapData::KEEP.into_inner(),
            )
        })
    }

    /// Sets the IPC buffer: its address in the thread's VSpace, and the frame that is mapped there.
    ///
    /// # Errors
    ///
    /// The address is not aligned (to 512; a program needs 1024, see [`IpcBuffer`]), or the frame is none.
    pub fn tcb_set_ipc_buffer(self, address: Word, frame: cap::Granule) -> Result<()> {
        self.invoke("TCB_SetIPCBuffer", |buffer, tcb| {
            buffer.inner_mut().seL4_TCB_SetIPCBuffer(tcb, address, frame.bits())
        })
    }

    /// Reads the thread's registers, stopping it first if `suspend`.
    ///
    /// # Errors
    ///
    /// No thread, or the caller itself.
    pub fn tcb_read_all_registers(self, suspend: bool) -> Result<UserContext> {
        let mut context = UserContext::default();
        let count = UserContext::NUM_WORDS as Word;
        self.invoke("TCB_ReadRegisters", |buffer, tcb| {
            buffer.inner_mut().seL4_TCB_ReadRegisters(tcb, suspend, 0, count, context.inner_mut())
        })?;
        Ok(context)
    }

    /// Sets the thread's registers, starting it afterwards if `resume`.
    ///
    /// # Errors
    ///
    /// No thread, or the caller itself.
    pub fn tcb_write_all_registers(self, resume: bool, context: &UserContext) -> Result<()> {
        let count = UserContext::NUM_WORDS as Word;
        self.invoke("TCB_WriteRegisters", |buffer, tcb| {
            buffer.inner_mut().seL4_TCB_WriteRegisters(tcb, resume, 0, count, context.inner())
        })
    }

    /// Lets the thread run. A thread that waits for a message gives that up.
    ///
    /// # Errors
    ///
    /// No thread.
    pub fn tcb_resume(self) -> Result<()> {
        self.invoke("TCB_Resume", |buffer, tcb| buffer.inner_mut().seL4_TCB_Resume(tcb))
    }

    /// Stops the thread.
    ///
    /// # Errors
    ///
    /// No thread.
    pub fn tcb_suspend(self) -> Result<()> {
        self.invoke("TCB_Suspend", |buffer, tcb| buffer.inner_mut().seL4_TCB_Suspend(tcb))
    }

    /// Sets the priority, which is at most the caller's own limit.
    ///
    /// # Errors
    ///
    /// A priority above the limit.
    pub fn tcb_set_priority(self, priority: u8) -> Result<()> {
        generation::set_priority(self, priority)
    }

    /// Sets the greatest priority that the thread may give to another.
    ///
    /// # Errors
    ///
    /// A priority above the caller's limit.
    pub fn tcb_set_mc_priority(self, priority: u8) -> Result<()> {
        generation::set_mc_priority(self, priority)
    }

    /// Makes this thread's limit the one for priorities that the program gives from now on. Kernels since 13.0.0 take
    /// the capability of any thread for that, 5.0.0 the one that calls: to be the same on all, it is to be that one.
    /// At first it is the root task's first thread.
    pub fn tcb_set_authority(self) {
        generation::set_authority(self);
    }

    /// Takes the FPU from the thread, where that makes switches cheaper. [`tcb_configure`](Self::tcb_configure) does it.
    ///
    /// # Errors
    ///
    /// No thread.
    pub fn tcb_without_fpu(self) -> Result<()> {
        generation::without_fpu(self)
    }

    /// Makes signals arrive where the thread waits for messages.
    ///
    /// # Errors
    ///
    /// The notification or the thread is bound already.
    pub fn tcb_bind_notification(self, notification: cap::Notification) -> Result<()> {
        self.invoke("TCB_BindNotification", |buffer, tcb| {
            buffer.inner_mut().seL4_TCB_BindNotification(tcb, notification.bits())
        })
    }

    /// Undoes [`tcb_bind_notification`](Self::tcb_bind_notification).
    ///
    /// # Errors
    ///
    /// Nothing is bound.
    pub fn tcb_unbind_notification(self) -> Result<()> {
        self.invoke("TCB_UnbindNotification", |buffer, tcb| {
            buffer.inner_mut().seL4_TCB_UnbindNotification(tcb)
        })
    }
}

impl cap::IrqControl {
    /// Makes the handler of an interrupt, by its number at the interrupt controller: on aarch64 at the GIC (from 16 on a
    /// PPI's, from 32 an SPI's), on riscv64 a source of the PLIC.
    ///
    /// # Errors
    ///
    /// `RangeError` for one that there is not, `RevokeFirst` when it has a handler; `IllegalOperation` on x86_64, where
    /// interrupts are those of an IOAPIC.
    pub fn irq_control_get(self, irq: Word, dst: &AbsoluteCPtr) -> Result<()> {
        self.invoke("IRQControl_Get", |buffer, control| {
            let (root, index, irq) = (dst.root().bits(), dst.path().bits(), generation::irq(irq));
            buffer.inner_mut().seL4_IRQControl_Get(control, irq, root, index, dst.depth())
        })
    }
}

impl cap::IrqHandler {
    /// Lets the interrupt come again.
    ///
    /// # Errors
    ///
    /// No handler.
    pub fn irq_handler_ack(self) -> Result<()> {
        self.invoke("IRQHandler_Ack", |buffer, handler| buffer.inner_mut().seL4_IRQHandler_Ack(handler))
    }

    /// Says which notification (with which badge) the interrupt signals.
    ///
    /// # Errors
    ///
    /// No notification, or one without the right to signal.
    pub fn irq_handler_set_notification(self, notification: cap::Notification) -> Result<()> {
        self.invoke("IRQHandler_SetNotification", |buffer, handler| {
            buffer.inner_mut().seL4_IRQHandler_SetNotification(handler, notification.bits())
        })
    }

    /// Undoes [`irq_handler_set_notification`](Self::irq_handler_set_notification).
    ///
    /// # Errors
    ///
    /// No handler.
    pub fn irq_handler_clear(self) -> Result<()> {
        self.invoke("IRQHandler_Clear", |buffer, handler| buffer.inner_mut().seL4_IRQHandler_Clear(handler))
    }
}
