//! The thread that a test runs in, and what it tells the supervisor.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU64, Ordering};

use sel4::{
    BootInfo, CNodeCapData, CPtr, Fault, IpcBuffer, MessageInfo, MessageInfoBuilder, Result, UserContext,
    Word, cap,
};
use sel4_root_task::{Stack, image_frame, unmap_page};

use crate::{Env, TestCase};

/// How a test ended.
#[derive(Debug)]
pub enum Outcome {
    /// It returned; whether well.
    Returned(bool),
    /// It panicked.
    Panicked,
    /// It faulted, or one of its threads did.
    Faulted(Fault),
    /// It ran out of its budget.
    Hung,
}

/// Labels of what a test's thread sends. Faults have the labels below 16.
const RETURNED: Word = 0x100;
const PANICKED: Word = 0x101;

/// Lower than the supervisor's 255, with room for threads of the test's own on both sides.
const PRIORITY: u8 = 100;
/// The greatest priority that a test can give to a thread.
const MAX_PRIORITY: u8 = 254;

const STACK_SIZE: usize = 64 * 1024;
static STACK: Stack<STACK_SIZE> = Stack::new();

#[repr(C, align(4096))]
struct BufferPage(UnsafeCell<MaybeUninit<[IpcBuffer; 4]>>);

// SAFETY: it is used through `sel4::swap_ipc_buffer` only.
unsafe impl Sync for BufferPage {}

static BUFFER: BufferPage = BufferPage(UnsafeCell::new(MaybeUninit::uninit()));

/// Where the test's thread reports to; 0 while the supervisor runs.
static REPORT_TO: AtomicU64 = AtomicU64::new(0);

/// The IPC buffer of the test's thread.
pub fn ipc_buffer() -> *mut IpcBuffer {
    BUFFER.0.get().cast()
}

/// Unmaps the guard page of the thread's stack.
pub fn prepare(bootinfo: BootInfo) -> Result<()> {
    unmap_page(&bootinfo, STACK.guard())
}

/// Starts a test in a new thread. It runs once the supervisor waits.
pub fn start(
    bootinfo: BootInfo,
    tcb: cap::Tcb,
    (faults, reports): (CPtr, cap::Endpoint),
    case: &'static TestCase,
    env: &mut Env,
) -> Result<()> {
    let buffer = ipc_buffer();
    let frame = image_frame(&bootinfo, buffer.addr())?.cap();
    configure(tcb, faults, (PRIORITY, MAX_PRIORITY), Some((buffer.addr(), frame)))?;
    REPORT_TO.store(reports.bits(), Ordering::Relaxed);
    tcb.tcb_set_authority();
    let arguments = [
        core::ptr::from_ref(case).expose_provenance() as Word,
        core::ptr::from_mut(env).expose_provenance() as Word,
    ];
    let context = UserContext::for_call(enter as *const () as Word, STACK.top().addr() as Word, &arguments);
    tcb.tcb_write_all_registers(true, &context)
}

/// Configures a thread in the root task's own spaces.
pub fn configure(
    tcb: cap::Tcb,
    faults: CPtr,
    priorities: (u8, u8),
    buffer: Option<(usize, cap::Granule)>,
) -> Result<()> {
    use sel4::init_thread::slot;
    let (cspace, vspace) = (slot::CNODE.cap(), slot::VSPACE.cap());
    let (address, frame) = buffer.unwrap_or((0, slot::NULL.cap().cast()));
    tcb.tcb_configure(faults, priorities, cspace, CNodeCapData::KEEP, vspace, address as Word, frame)
}

unsafe extern "C" fn enter(case: *const TestCase, env: *mut Env) -> ! {
    // SAFETY: `start` passes both; the supervisor leaves the environment alone until this thread is gone.
    let (case, env) = unsafe { (&*case, &mut *env) };
    let passed = (case.run)(env);
    report(RETURNED, passed.into())
}

/// The abort hook: ends the test, or, if it was the supervisor's own panic, the thread by a fault.
pub fn aborted() -> ! {
    if REPORT_TO.load(Ordering::Relaxed) == 0 {
        sel4::abort();
    }
    report(PANICKED, 0)
}

/// Tells the supervisor, which never answers.
fn report(label: Word, word: Word) -> ! {
    let supervisor = cap::Endpoint::from_bits(REPORT_TO.load(Ordering::Relaxed));
    loop {
        supervisor.call_with_mrs(MessageInfoBuilder::default().label(label).length(1).build(), [word]);
    }
}

/// Notes that the supervisor runs again.
pub fn stopped() {
    sel4::init_thread::slot::TCB.cap().tcb_set_authority();
    REPORT_TO.store(0, Ordering::Relaxed);
}

/// What a thread's report, or its fault, means.
pub fn outcome(info: MessageInfo, is_fault: bool, msg: &[Word]) -> Option<Outcome> {
    match (is_fault, info.label()) {
        (true, _) => Fault::from_words(msg, &info).map(Outcome::Faulted),
        (false, RETURNED) => Some(Outcome::Returned(msg.first() == Some(&1))),
        (false, PANICKED) => Some(Outcome::Panicked),
        (false, _) => None,
    }
}
