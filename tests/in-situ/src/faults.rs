//! Faults, as their handler gets them.

use core::sync::atomic::AtomicU64;

use sel4::{CapRights, Fault, MessageInfo, Result, Word, cap, sys};
use sel4_test_harness::{Env, test};

use crate::arch;
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

#[test]
fn accesses_of_unmapped_memory(env: &mut Env) -> Result<()> {
    let address = env.scratch_address() + 0x1238;
    let [read, write, _] = arch::CAUSES;
    let entries = [(read_it as extern "C" fn(Word, Word) -> !, read, false), (write_it, write, true)];
    for (entry, cause, is_write) in entries {
        let Fault::VmFault(fault) = fault_of(env, entry, address)? else { panic!("another fault") };
        assert_eq!((fault.addr, arch::cause(&fault), fault.is_write()), (address, cause, is_write));
        assert_ne!(arch::is_mapped(&fault), Some(true));
        assert_ne!(fault.ip, 0);
    }
    let Fault::VmFault(fault) = fault_of(env, arch::jump_to, address)? else { panic!("another fault") };
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
    assert_eq!((fault.addr, arch::cause(&fault), fault.is_write()), (address, arch::CAUSES[2], true));
    assert_ne!(arch::is_mapped(&fault), Some(false));
    Ok(())
}

#[test]
fn reading_the_kernels_memory(env: &mut Env) -> Result<()> {
    let Fault::VmFault(fault) = fault_of(env, read_it, arch::KERNEL)? else { panic!("another fault") };
    assert_eq!(fault.addr & arch::ADDRESS, arch::KERNEL & arch::ADDRESS);
    assert_eq!(arch::cause(&fault), arch::KERNEL_CAUSE, "{fault:?}");
    Ok(())
}

/// In the program's data.
static DATA: AtomicU64 = AtomicU64::new(0);

#[test]
fn data_is_not_executed_and_code_not_written(env: &mut Env) -> Result<()> {
    if !sel4_root_task::IS_PROTECTED {
        return Ok(());
    }
    let (data, code) = (DATA.as_ptr().addr() as Word, read_it as *const () as Word);
    let Fault::VmFault(fault) = fault_of(env, arch::jump_to, data)? else { panic!("another fault") };
    assert_eq!((fault.addr, fault.is_prefetch()), (data, true));
    let Fault::VmFault(fault) = fault_of(env, write_it, code)? else { panic!("another fault") };
    assert_eq!((fault.addr, fault.is_write()), (code, true));
    Ok(())
}

#[test]
fn an_unknown_system_call(env: &mut Env) -> Result<()> {
    let Fault::UnknownSyscall(fault) = fault_of(env, arch::unknown_syscall, 0x1234)? else {
        panic!("another fault")
    };
    assert_eq!(fault.syscall(), 0x1234);
    let registers = fault.registers();
    let number = arch::NUMBER.map(|name| (name, 0x1234));
    for expected in number.iter().chain(arch::MARKED) {
        assert!(registers.contains(expected), "{expected:?} is not in {registers:x?}");
    }
    for (offset, byte) in arch::SYSCALL.iter().enumerate() {
        // SAFETY: the program's own code.
        let found = unsafe { (fault.ip() as *const u8).add(offset).read_volatile() };
        assert_eq!(found, *byte, "the address is that of the instruction itself");
    }
    Ok(())
}

#[test]
fn exceptions_of_the_processor(env: &mut Env) -> Result<()> {
    for (kind, number, name) in arch::EXCEPTIONS {
        let Fault::UserException(fault) = fault_of(env, arch::exception, *kind)? else {
            panic!("another fault")
        };
        assert_eq!((fault.number, fault.code, fault.name()), (*number, 0, *name));
        let placed = arch::is_placed(&fault);
        assert_eq!((fault.ip != 0, fault.sp != 0), (placed, placed));
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
    const UNKNOWN_SYSCALL: usize = sys::seL4_UnknownSyscall_Length as usize;
    for (label, length) in [(0, 4), (5, 3), (2, UNKNOWN_SYSCALL - 1), (1, 3), (4, 4), (6, 20), (0xf_ffff, 0)]
    {
        let info = MessageInfo::new(label, 0, 0, length);
        assert_eq!(Fault::from_words(&[0; 120], &info), None, "label {label}, length {length}");
    }
}
