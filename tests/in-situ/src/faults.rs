//! Faults, as their handler gets them.

use core::arch::asm;

use sel4::{CapRights, Fault, MessageInfo, Result, Word, cap, sys};
use sel4_test_harness::{Env, test};

use crate::ipc::channel;
use crate::notifications::with_badges;
use crate::vspace::{frame, map_tables, read, write};

/// Runs a function in a thread of its own and returns the fault that it makes.
fn fault_of(env: &mut Env, entry: extern "C" fn(Word, Word) -> !, argument: Word) -> Result<Fault> {
    let (endpoint, handler) = channel(env, CapRights::new(true, false, true), 0xf)?;
    env.spawn(entry, [argument, 0], 99, handler.cptr())?;
    let (info, badge) = endpoint.recv();
    assert_eq!(badge, 0xf);
    let fault = sel4::with_ipc_buffer(|buffer| Fault::new(buffer, &info));
    let fault = fault.expect("a message from the kernel is a fault");
    sel4_test_harness::println!("{fault}");
    Ok(fault)
}

extern "C" fn read_it(address: Word, _: Word) -> ! {
    read(address);
    sel4::abort()
}

extern "C" fn write_it(address: Word, _: Word) -> ! {
    write(address, 1);
    sel4::abort()
}

extern "C" fn jump_to(address: Word, _: Word) -> ! {
    // SAFETY: nothing is there: the thread faults.
    unsafe { asm!("jmp {0}", in(reg) address, options(noreturn)) }
}

#[test]
fn accesses_of_unmapped_memory(env: &mut Env) -> Result<()> {
    let address = env.scratch_address() + 0x1238;
    for (entry, fsr, is_write) in [(read_it as extern "C" fn(Word, Word) -> !, 4, false), (write_it, 6, true)]
    {
        let Fault::VmFault(fault) = fault_of(env, entry, address)? else { panic!("another fault") };
        assert_eq!(
            (fault.addr, fault.fsr, fault.is_write(), fault.is_mapped()),
            (address, fsr, is_write, false)
        );
        assert_ne!(fault.ip, 0);
    }
    let Fault::VmFault(fault) = fault_of(env, jump_to, address)? else { panic!("another fault") };
    assert_eq!((fault.ip, fault.addr, fault.is_prefetch()), (address, address, true));
    Ok(())
}

#[test]
fn writing_to_read_only_memory(env: &mut Env) -> Result<()> {
    let address = env.scratch_address();
    map_tables(env, address)?;
    let page = frame(env)?;
    let vspace = sel4::init_thread::slot::VSPACE.cap();
    page.frame_map(vspace, address, CapRights::read_only(), sel4::VmAttributes::DEFAULT)?;
    let Fault::VmFault(fault) = fault_of(env, write_it, address)? else { panic!("another fault") };
    assert_eq!((fault.addr, fault.fsr, fault.is_mapped()), (address, 7, true));
    Ok(())
}

#[test]
fn reading_the_kernels_memory(env: &mut Env) -> Result<()> {
    // The kernel's window at -2 GiB. seL4 5.0.0 tells the low 32 bits of the address; a later one may have left the
    // window unmapped while user code runs (KERNEL_SKIM_WINDOW), so that the page is missing, and not forbidden.
    let Fault::VmFault(fault) = fault_of(env, read_it, 0xffff_ffff_8010_0000)? else {
        panic!("another fault")
    };
    assert_eq!(fault.addr & 0xffff_ffff, 0x8010_0000);
    assert!(matches!(fault.fsr, 4 | 5), "{fault:?}");
    Ok(())
}

/// The `syscall` instruction with a number that the kernel does not have, and marked registers.
extern "C" fn unknown_syscall(number: Word, _: Word) -> ! {
    // SAFETY: the kernel makes a fault of it.
    unsafe {
        asm!(
            "mov r12, 0x1212", "mov r13, 0x1313", "2: syscall", "ud2",
            in("rdx") number, in("rdi") 0xd1_u64, in("rsi") 0x51_u64, in("rax") 0xa0_u64,
            options(noreturn),
        )
    }
}

#[test]
fn an_unknown_system_call(env: &mut Env) -> Result<()> {
    let Fault::UnknownSyscall(fault) = fault_of(env, unknown_syscall, 0x1234)? else {
        panic!("another fault")
    };
    assert_eq!(fault.syscall(), 0x1234);
    let registers = fault.registers();
    for expected in
        [("rdx", 0x1234), ("rdi", 0xd1), ("rsi", 0x51), ("rax", 0xa0), ("r12", 0x1212), ("r13", 0x1313)]
    {
        assert!(registers.contains(&expected), "{expected:?} is not in {registers:x?}");
    }
    // SAFETY: the program's own code.
    let instruction = unsafe { (fault.ip() as *const [u8; 2]).read_volatile() };
    assert_eq!(instruction, [0x0f, 0x05], "the address is that of the instruction itself");
    Ok(())
}

extern "C" fn exception(kind: Word, _: Word) -> ! {
    // SAFETY: each of these instructions faults.
    unsafe {
        match kind {
            0 => asm!("xor ecx, ecx", "xor edx, edx", "div ecx", options(noreturn)),
            3 => asm!("int3", "ud2", options(noreturn)),
            6 => asm!("ud2", options(noreturn)),
            _ => asm!("hlt", "ud2", options(noreturn)),
        }
    }
}

#[test]
fn exceptions_of_the_processor(env: &mut Env) -> Result<()> {
    for (number, name) in [(0, "divide error"), (6, "invalid opcode"), (13, "general protection")] {
        let Fault::UserException(fault) = fault_of(env, exception, number)? else { panic!("another fault") };
        assert_eq!((fault.number, fault.code, fault.name()), (number, 0, name));
        assert!(fault.ip != 0 && fault.sp != 0);
    }
    Ok(())
}

extern "C" fn send_to(address: Word, _: Word) -> ! {
    cap::Endpoint::from_bits(address).send_with_mrs(MessageInfo::new(0, 0, 0, 0), []);
    sel4::abort()
}

extern "C" fn receive_from(address: Word, _: Word) -> ! {
    cap::Endpoint::from_bits(address).recv_with_mrs();
    sel4::abort()
}

#[test]
fn capabilities_that_are_not_there(env: &mut Env) -> Result<()> {
    let nowhere = 0xdead_0000_0000;
    for (entry, in_recv_phase) in [(send_to as extern "C" fn(Word, Word) -> !, false), (receive_from, true)] {
        let Fault::CapFault(fault) = fault_of(env, entry, nowhere)? else { panic!("another fault") };
        assert_eq!((fault.addr, fault.in_recv_phase), (nowhere, in_recv_phase));
        assert_eq!(fault.lookup.kind, sys::seL4_GuardMismatch);
        assert_eq!(fault.lookup.bits_left, 64);
    }
    Ok(())
}

extern "C" fn read_and_signal(address: Word, signal: Word) -> ! {
    if read(address) == 0x600d {
        cap::Notification::from_bits(signal).signal();
    }
    sel4::abort()
}

#[test]
fn a_fault_can_be_repaired(env: &mut Env) -> Result<()> {
    let (address, vspace) = (env.scratch_address(), sel4::init_thread::slot::VSPACE.cap());
    let (notification, [signaller]) = with_badges(env, [1])?;
    let (endpoint, handler) = channel(env, CapRights::new(true, false, true), 1)?;
    env.spawn(read_and_signal, [address, signaller.bits()], 99, handler.cptr())?;
    assert_eq!(endpoint.recv_with_mrs().info.label(), sys::seL4_Fault_VMFault);
    let (reply, page) = (env.alloc_slot::<sel4::cap_type::Reply>(), frame(env)?);
    reply.absolute_cptr().save_caller()?;
    map_tables(env, address)?;
    page.frame_map(vspace, address, CapRights::read_write(), sel4::VmAttributes::DEFAULT)?;
    write(address, 0x600d);
    reply.cap().send_with_mrs(MessageInfo::new(0, 0, 0, 0), []);
    assert_eq!(notification.wait(), 1, "the instruction was tried again");
    Ok(())
}

#[test]
fn other_messages_are_no_faults(_: &mut Env) {
    for (label, length) in [(0, 4), (5, 3), (2, 18), (1, 3), (4, 4), (6, 20), (0xf_ffff, 0)] {
        let info = MessageInfo::new(label, 0, 0, length);
        assert_eq!(Fault::from_words(&[0; 120], &info), None, "label {label}, length {length}");
    }
}
