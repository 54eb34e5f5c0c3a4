//! What the root task has to know of x86_64: every name that an architecture must define.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caps::Object;
use sel4::{
    AbsoluteCPtr, BootInfoPtr, ObjectBlueprint, TranslationTableObjectType, Trigger,
    UserContext, VmAttributes, cap, cap_type,
    init_thread::{Slot, slot}, vspace_levels,
};

/// `e_machine` of its programs: `EM_X86_64`.
pub const MACHINE: u16 = 62;

/// Levels of page tables below the root.
pub const LEVELS: usize = vspace_levels::NUM_LEVELS - 1;

/// Bits of an address that one table of each level below the root covers: PDPT, page directory, page table
/// (Intel SDM volume 3, 4.5).
pub const SPANS: [u8; LEVELS] = vspace_levels::SPANS;

/// The root of an address space.
pub const VSPACE: ObjectBlueprint = TranslationTableObjectType::VSPACE.blueprint();

/// The table of level 1, 2 or 3.
pub fn table(level: usize) -> Option<TranslationTableObjectType> {
    TranslationTableObjectType::from_level(level)
}

/// How memory is mapped. There is no bit against execution: seL4 does not set EFER.NXE on x86_64.
pub const fn memory(_executable: bool) -> VmAttributes {
    VmAttributes::DEFAULT
}

/// How device registers are mapped.
pub const DEVICE: VmAttributes = VmAttributes::UNCACHED;

/// Makes code that was just written to a frame visible to instruction fetches: nothing to do, caches are coherent
/// (Intel SDM volume 3, 12.6), and who runs it enters the kernel first.
#[allow(clippy::unnecessary_wraps)] // Elsewhere it can fail.
pub fn publish_code(_: Frame) -> sel4::Result<()> {
    Ok(())
}

/// The time stamp counter.
pub fn ticks() -> u64 {
    // SAFETY: reading the TSC has no effect; the kernel leaves CR4.TSD clear.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Ticks in a second, as the kernel measured them against the PIT.
pub fn frequency(bootinfo: &BootInfoPtr) -> u64 {
    bootinfo.tsc_mhz() * 1_000_000
}

/// The capability for the console's ports; 0 before there is one.
static CONSOLE: AtomicU64 = AtomicU64::new(0);

/// The console's capability before its driver's is made, for errors of boot: in a slot that nobody hands out yet.
fn early_console() -> u64 {
    let early = Slot::<cap_type::IOPort>::from_end(0);
    if let platform::Place::Ports(first) = platform::PLATFORM.console.at {
        // It fails if it was made before, or can't be: then there is no console.
        let _ = slot::IO_PORT_CONTROL.cap().ioport_control_issue(first, first + 7, &early.absolute_cptr());
    }
    early.cptr().bits()
}

/// The console's ports.
fn console() -> cap::IOPort {
    match CONSOLE.load(Relaxed) {
        0 => cap::IOPort::from_bits(early_console()),
        made => cap::IOPort::from_bits(made),
    }
}

/// Reads a port of the console.
pub fn port_in(port: u16) -> Option<u8> {
    console().ioport_in8(port).ok()
}

/// Writes a port of the console; without the right to, nothing happens.
pub fn port_out(port: u16, value: u8) {
    let _ = console().ioport_out8(port, value);
}

/// Makes the master capability of a device's interrupt or ports; `vector` is one that no other has.
pub fn device_cap(object: &Object, vector: u64, to: &AbsoluteCPtr) -> sel4::Result<()> {
    match object {
        // ISA lines: edges, active high. The vectors from 0 on are the kernel's free choice (`IRQ_USER_MIN`).
        Object::Irq { line, .. } => {
            slot::IRQ_CONTROL.cap().irq_control_get_ioapic(0, u64::from(*line), Trigger::Edge, vector, to)
        }
        Object::Ports { first, last } => {
            slot::IO_PORT_CONTROL.cap().ioport_control_issue(*first, *last, to)?;
            if platform::PLATFORM.console.at == platform::Place::Ports(*first) {
                CONSOLE.store(to.path().bits(), Relaxed);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Gives an address space its identifier.
pub fn assign_asid(vspace: cap::VSpace) -> sel4::Result<()> {
    slot::ASID_POOL.cap().asid_pool_assign(vspace)
}

/// What the root task gives up once all devices are handed out.
pub fn gives_up() -> [AbsoluteCPtr; 5] {
    [
        slot::IO_PORT_CONTROL.absolute_cptr(),
        slot::IRQ_CONTROL.absolute_cptr(),
        slot::ASID_CONTROL.absolute_cptr(),
        slot::DOMAIN_SET.absolute_cptr(),
        slot::IO_SPACE.absolute_cptr(),
    ]
}

/// The registers of a thread that begins at `entry`, as if it had been called there.
pub fn entry(entry: u64, stack_top: u64) -> UserContext {
    let mut context = UserContext::default();
    *context.pc_mut() = entry;
    *context.sp_mut() = stack_top - 8;
    context
}

/// Completes a Call whose server is gone: if `context` stands at the `syscall` at `at`, it goes on behind it with
/// an answer of this label and no words.
pub fn complete_call(context: &mut UserContext, at: u64, label: u64) -> bool {
    const SYSCALL_BYTES: u64 = 2;
    if context.pc() != at {
        return false;
    }
    let info = sel4::MessageInfoBuilder::default().label(label).build();
    let registers = context.inner_mut();
    registers.rip = at + SYSCALL_BYTES;
    registers.rsi = info.into_inner().0[0];
    registers.rdi = 0;
    true
}

/// Whether a thread waits on the endpoint `cptr`, or is about to: it stands at a system call of `code`, which it can't
/// write, by which it receives there.
pub fn waits<'c>(context: &UserContext, cptr: u64, code: impl Fn(u64) -> Option<&'c [u8]>) -> bool {
    const SYSCALL: [u8; 2] = [0x0f, 0x05];
    let registers = context.inner();
    code(registers.rip).is_some_and(|code| code.starts_with(&SYSCALL))
        && [sel4::sys::syscall_id::Recv, sel4::sys::syscall_id::ReplyRecv].contains(&(registers.rdx as isize))
        && registers.rdi == cptr
}

/// A page of memory.
pub type Frame = cap::Granule;
/// Its type.
pub type FrameType = cap_type::Granule;
