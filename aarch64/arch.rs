//! What the root task has to know of aarch64: every name that an architecture must define.

use core::arch::asm;

use caps::Object;
use sel4::{
    AbsoluteCPtr, BootInfoPtr, ObjectBlueprint, TranslationTableObjectType, UserContext,
    VmAttributes, cap, cap_type, init_thread::slot, vspace_levels,
};

/// `e_machine` of its programs: `EM_AARCH64`.
pub const MACHINE: u16 = 183;

/// Levels of page tables below the root.
pub const LEVELS: usize = vspace_levels::NUM_LEVELS - 1;

/// Bits of an address that one table of each level below the root covers: page upper directory, page directory, page
/// table (Arm ARM, D8.2.8, with pages of 4 KiB).
pub const SPANS: [u8; LEVELS] = vspace_levels::SPANS;

/// The root of an address space.
pub const VSPACE: ObjectBlueprint = TranslationTableObjectType::VSPACE.blueprint();

/// The table of level 1, 2 or 3.
pub fn table(level: usize) -> Option<TranslationTableObjectType> {
    TranslationTableObjectType::from_level(level)
}

/// How memory is mapped.
pub const fn memory(executable: bool) -> VmAttributes {
    if executable { VmAttributes::DEFAULT } else { VmAttributes::EXECUTE_NEVER }
}

/// How device registers are mapped.
pub const DEVICE: VmAttributes = VmAttributes::UNCACHED;

/// Makes code that was just written to a frame, through the mapping of this capability, visible to instruction fetches
/// through any other: the kernel cleans it out of the data cache and drops it from the instruction cache, which is
/// indexed by physical addresses or flushed whole (Arm ARM, B2.7.4.2 and D7.5.9).
pub fn publish_code(frame: Frame) -> sel4::Result<()> {
    frame.frame_unify_instruction(0..sel4::GRANULE_SIZE as u64)
}

/// The physical counter. It may be read a little early: the processor does not wait for the instructions before.
pub fn ticks() -> u64 {
    let ticks;
    // SAFETY: a read of a counter, which the loader opened to programs (`CNTKCTL_EL1.EL0PCTEN`).
    unsafe { asm!("mrs {}, cntpct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// Ticks in a second, as firmware says.
pub fn frequency(_: &BootInfoPtr) -> u64 {
    let hz: u64;
    // SAFETY: a read of a constant, open to programs like the counter.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) hz, options(nomem, nostack, preserves_flags)) };
    hz
}

/// There are no I/O ports.
pub fn port_in(_: u16) -> Option<u8> {
    None
}

/// There are no I/O ports.
pub fn port_out(_: u16, _: u8) {}

/// Makes the master capability of an interrupt: `line` is its number at the GIC.
pub fn device_cap(object: &Object, _: u64, to: &AbsoluteCPtr) -> sel4::Result<()> {
    match object {
        Object::Irq { line, .. } => slot::IRQ_CONTROL.cap().irq_control_get(u64::from(*line), to),
        _ => Ok(()),
    }
}

/// Gives an address space its identifier.
pub fn assign_asid(vspace: cap::VSpace) -> sel4::Result<()> {
    slot::ASID_POOL.cap().asid_pool_assign(vspace)
}

/// What the root task gives up once all devices are handed out.
pub fn gives_up() -> [AbsoluteCPtr; 3] {
    [slot::IRQ_CONTROL.absolute_cptr(), slot::ASID_CONTROL.absolute_cptr(), slot::DOMAIN_SET.absolute_cptr()]
}

/// The registers of a thread that begins at `entry`.
pub fn entry(entry: u64, stack_top: u64) -> UserContext {
    let mut context = UserContext::default();
    *context.pc_mut() = entry;
    *context.sp_mut() = stack_top;
    context
}

/// Completes a Call whose server is gone: if `context` stands at the `svc` at `at`, it goes on behind it with
/// an answer of this label and no words.
pub fn complete_call(context: &mut UserContext, at: u64, label: u64) -> bool {
    const SVC_BYTES: u64 = 4;
    if context.pc() != at {
        return false;
    }
    let info = sel4::MessageInfoBuilder::default().label(label).build();
    let registers = context.inner_mut();
    registers.pc = at + SVC_BYTES;
    registers.x1 = info.into_inner().0[0];
    registers.x0 = 0;
    true
}

/// Whether a thread waits on the endpoint `cptr`, or is about to: it stands at a system call of `code`, which it can't
/// write, by which it receives there.
pub fn waits<'c>(context: &UserContext, cptr: u64, code: impl Fn(u64) -> Option<&'c [u8]>) -> bool {
    const SVC: [u8; 4] = [0x01, 0, 0, 0xd4];
    let registers = context.inner();
    code(context.pc()).is_some_and(|code| code.starts_with(&SVC))
        && [sel4::sys::syscall_id::Recv, sel4::sys::syscall_id::ReplyRecv].contains(&(registers.x7 as isize))
        && registers.x0 == cptr
}

/// A page of memory.
pub type Frame = cap::Granule;
/// Its type.
pub type FrameType = cap_type::Granule;
