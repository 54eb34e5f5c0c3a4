//! What the root task has to know of riscv64: every name that an architecture must define.

use core::arch::asm;

use caps::Object;
use sel4::{
    AbsoluteCPtr, BootInfoPtr, ObjectBlueprint, TranslationTableObjectType, UserContext,
    VmAttributes, cap, cap_type, init_thread::slot, vspace_levels,
};

/// `e_machine` of its programs: `EM_RISCV`.
pub const MACHINE: u16 = 243;

/// Levels of page tables below the root.
pub const LEVELS: usize = vspace_levels::NUM_LEVELS - 1;

/// Bits of an address that one table of each level below the root covers (RISC-V privileged specification, 4.4: Sv39).
pub const SPANS: [u8; LEVELS] = vspace_levels::SPANS;

/// The root of an address space.
pub const VSPACE: ObjectBlueprint = TranslationTableObjectType::VSPACE.blueprint();

/// The table of level 1 or 2.
pub fn table(level: usize) -> Option<TranslationTableObjectType> {
    TranslationTableObjectType::from_level(level)
}

/// How memory is mapped.
pub const fn memory(executable: bool) -> VmAttributes {
    if executable { VmAttributes::DEFAULT } else { VmAttributes::EXECUTE_NEVER }
}

/// How device registers are mapped: how they are cached is up to the machine.
pub const DEVICE: VmAttributes = VmAttributes::EXECUTE_NEVER;

/// Makes code that was just written visible to instruction fetches of this hart, the only one, in any address space
/// (RISC-V unprivileged specification, chapter 3).
#[allow(clippy::unnecessary_wraps)] // Elsewhere it can fail.
pub fn publish_code(_: Frame) -> sel4::Result<()> {
    // SAFETY: a fence changes nothing but what this hart fetches from now on.
    unsafe { asm!("fence.i", options(nostack, preserves_flags)) };
    Ok(())
}

/// The time register, which the kernel opens to programs (scounteren.TM).
pub fn ticks() -> u64 {
    let ticks;
    // SAFETY: no more than a read of a counter.
    unsafe { asm!("rdtime {}", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// Ticks in a second: a fact of the board, which no register tells.
pub fn frequency(_: &BootInfoPtr) -> u64 {
    match platform::PLATFORM.timer {
        platform::Timer::Goldfish { timebase_hz, .. } => timebase_hz,
        _ => 0,
    }
}

/// There are no I/O ports.
pub fn port_in(_: u16) -> Option<u8> {
    None
}

/// There are no I/O ports.
pub fn port_out(_: u16, _: u8) {}

/// Makes the master capability of an interrupt: `line` is its number at the PLIC.
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

/// Completes a Call whose server is gone: if `context` stands at the `ecall` at `at`, it goes on behind it with
/// an answer of this label and no words.
pub fn complete_call(context: &mut UserContext, at: u64, label: u64) -> bool {
    const ECALL_BYTES: u64 = 4;
    if context.pc() != at {
        return false;
    }
    let info = sel4::MessageInfoBuilder::default().label(label).build();
    let registers = context.inner_mut();
    registers.pc = at + ECALL_BYTES;
    registers.a1 = info.into_inner().0[0];
    registers.a0 = 0;
    true
}

/// Whether a thread waits on the endpoint `cptr`, or is about to: it stands at a system call of `code`, which it can't
/// write, by which it receives there.
pub fn waits<'c>(context: &UserContext, cptr: u64, code: impl Fn(u64) -> Option<&'c [u8]>) -> bool {
    const ECALL: [u8; 4] = [0x73, 0, 0, 0];
    let registers = context.inner();
    code(context.pc()).is_some_and(|code| code.starts_with(&ECALL))
        && [sel4::sys::syscall_id::Recv, sel4::sys::syscall_id::ReplyRecv].contains(&(registers.a7 as isize))
        && registers.a0 == cptr
}

/// A page of memory.
pub type Frame = cap::Granule;
/// Its type.
pub type FrameType = cap_type::Granule;
