//! System calls of debug kernels.

use core::fmt;
use core::mem::MaybeUninit;

use crate::sys::{syscall, syscall_id};
use crate::{MessageInfo, cap, with_ipc_buffer_mut};

/// Prints a byte on the kernel's console; nothing happens with a release kernel.
pub fn debug_put_char(byte: u8) {
    if let Some(id) = syscall_id::DebugPutChar {
        let info = MessageInfo::new(0, 0, 0, 0).into_inner();
        // SAFETY: the kernel prints the argument and touches no memory of ours.
        unsafe { syscall(id, byte.into(), info, [MaybeUninit::new(0); crate::NUM_MESSAGE_REGISTERS]) };
    }
}

/// Names a thread in what a debug kernel prints. The name is cut to what the IPC buffer holds.
pub fn debug_name_thread(tcb: cap::Tcb, name: &str) {
    if let Some(id) = syscall_id::DebugNameThread {
        with_ipc_buffer_mut(|buffer| {
            let bytes = buffer.msg_bytes_mut();
            let length = name.len().min(bytes.len() - 1);
            bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
            bytes[length] = 0;
            buffer.inner_mut().expose();
            let info = MessageInfo::new(0, 0, 0, 0).into_inner();
            // SAFETY: the kernel reads the name out of the IPC buffer, which is borrowed here.
            unsafe { syscall(id, tcb.bits(), info, [MaybeUninit::new(0); crate::NUM_MESSAGE_REGISTERS]) };
        });
    }
}

/// The kernel's console as a formatter; writes nothing with a release kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct DebugWriter;

impl fmt::Write for DebugWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(debug_put_char);
        Ok(())
    }
}

/// Prints on the kernel's console, as `print!` does; nothing with a release kernel.
#[macro_export]
macro_rules! debug_print {
    ($($arg:tt)*) => {{
        let _ = ::core::fmt::Write::write_fmt(&mut $crate::DebugWriter, ::core::format_args!($($arg)*));
    }};
}

/// Prints a line on the kernel's console, as `println!` does; nothing with a release kernel.
#[macro_export]
macro_rules! debug_println {
    () => { $crate::debug_print!("\n") };
    ($($arg:tt)*) => { $crate::debug_print!("{}\n", ::core::format_args!($($arg)*)) };
}
