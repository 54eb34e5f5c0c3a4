//! What the root task tells the agent, in one page that it writes and the agent reads.
//!
//! Layout, little-endian: services `u32 @0`, boot time in ns `u64 @8`, memory in bytes: all `u64 @16`, in
//! use `u64 @24`; the kernel's name, 32 bytes zero-padded, `@32`; from byte 64 on one entry of 208 bytes a
//! service: name, 16 bytes zero-padded; state `u32 @16`; priority `u32 @20`; restarts `u32 @24`, of which
//! the strikes `u32 @28`; memory in
//! bytes `u64 @32`; last fault, 160 bytes zero-padded, `@48`.
#![no_std]
#![forbid(unsafe_code)]

pub mod cells;
pub mod clock;
pub mod control;
pub mod counters;
pub mod events;
pub mod record;

use shm::{OutOfBounds, Shm};

/// Bytes of an entry.
const ENTRY: usize = 208;
const ENTRIES: usize = 64;
/// Bytes of a service's last fault.
pub const FAULT_BYTES: usize = 160;
const NAME_BYTES: usize = 16;
const KERNEL_BYTES: usize = 32;
/// Services that fit into one page.
pub const MAX_SERVICES: usize = (4096 - ENTRIES) / ENTRY;

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Built, not yet ready.
    Starting = 1,
    /// Said that it is ready.
    Running = 2,
    /// Faulted; will be built again after its back-off.
    Waiting = 3,
    /// Faulted too often; stays as it is.
    Stopped = 4,
}

impl State {
    fn from_word(word: u64) -> Option<Self> {
        [Self::Starting, Self::Running, Self::Waiting, Self::Stopped].into_iter().find(|s| *s as u64 == word)
    }
}

/// A text of at most `N` bytes.
#[derive(Clone, Copy, Debug)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// The text up to its first zero byte; empty if it is not UTF-8.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&b| b == 0).unwrap_or(N);
        core::str::from_utf8(&self.0[..len]).unwrap_or("")
    }
}

/// A service, as it was when it was read.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name in the table.
    pub name: Text<NAME_BYTES>,
    /// What it is doing; none if the word makes no sense.
    pub state: Option<State>,
    /// Its priority, 0 to 255.
    pub priority: u32,
    /// How often it was built again.
    pub restarts: u32,
    /// Faults since its record was last clean.
    pub strikes: u32,
    /// The memory that it is built from, in bytes.
    pub memory: u64,
    /// Its last fault, for a person; empty if there was none.
    pub last_fault: Text<FAULT_BYTES>,
}

/// The system, as it was when it was read.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// Services in the table.
    pub services: usize,
    /// From the root task's first instruction to all services being ready, in ns; 0 before that.
    pub boot_ns: u64,
    /// Memory that the kernel handed to the root task, its image included, in bytes.
    pub memory_total: u64,
    /// What of it is in use, in bytes.
    pub memory_used: u64,
    /// The kernel's name and version.
    pub kernel: Text<KERNEL_BYTES>,
}

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a>(Shm<'a>);

impl<'a> Report<'a> {
    /// The report in `memory`, a page.
    pub const fn new(memory: Shm<'a>) -> Self {
        Self(memory)
    }

    /// Reads the head.
    ///
    /// # Errors
    /// The memory is too small.
    pub fn summary(&self) -> Result<Summary, OutOfBounds> {
        Ok(Summary {
            services: (self.0.load(0, 4)? as usize).min(MAX_SERVICES),
            boot_ns: self.0.load(8, 8)?,
            memory_total: self.0.load(16, 8)?,
            memory_used: self.0.load(24, 8)?,
            kernel: text(self.0, 32)?,
        })
    }

    /// Reads the entry of service `index`.
    ///
    /// # Errors
    /// There is none.
    pub fn service(&self, index: usize) -> Result<Service, OutOfBounds> {
        if index >= self.summary()?.services {
            return Err(OutOfBounds);
        }
        let entry = self.entry(index)?;
        Ok(Service {
            name: text(entry, 0)?,
            state: State::from_word(entry.load(16, 4)?),
            priority: entry.load(20, 4)? as u32,
            restarts: entry.load(24, 4)? as u32,
            strikes: entry.load(28, 4)? as u32,
            memory: entry.load(32, 8)?,
            last_fault: text(entry, 48)?,
        })
    }

    /// Writes the head.
    ///
    /// # Errors
    /// The memory is too small.
    pub fn set_memory(&self, total: u64, used: u64) -> Result<(), OutOfBounds> {
        self.0.store(16, 8, total)?;
        self.0.store(24, 8, used)
    }

    /// Writes the time that the boot took, in ns.
    ///
    /// # Errors
    /// The memory is too small.
    pub fn set_boot(&self, ns: u64) -> Result<(), OutOfBounds> {
        self.0.store(8, 8, ns)
    }

    /// Writes the kernel's name, cut to 32 bytes.
    ///
    /// # Errors
    /// The memory is too small.
    pub fn set_kernel(&self, name: &str) -> Result<(), OutOfBounds> {
        set_text::<KERNEL_BYTES>(self.0, 32, name)
    }

    /// Adds or replaces the entry of service `index`.
    ///
    /// # Errors
    /// More than [`MAX_SERVICES`].
    pub fn set_service(
        &self,
        index: usize,
        name: &str,
        priority: u8,
        memory: u64,
    ) -> Result<(), OutOfBounds> {
        let entry = self.entry(index)?;
        set_text::<NAME_BYTES>(entry, 0, name)?;
        entry.store(20, 4, priority.into())?;
        entry.store(32, 8, memory)?;
        self.0.store(0, 4, self.0.load(0, 4)?.max(index as u64 + 1))
    }

    /// Writes the state of service `index`, how often it was restarted and its faults since its record was clean.
    ///
    /// # Errors
    /// More than [`MAX_SERVICES`].
    pub fn set_state(
        &self,
        index: usize,
        state: State,
        restarts: u32,
        strikes: u32,
    ) -> Result<(), OutOfBounds> {
        let entry = self.entry(index)?;
        entry.store(16, 4, state as u64)?;
        entry.store(24, 4, restarts.into())?;
        entry.store(28, 4, strikes.into())
    }

    /// Writes the last fault of service `index`, cut to [`FAULT_BYTES`].
    ///
    /// # Errors
    /// More than [`MAX_SERVICES`].
    pub fn set_fault(&self, index: usize, fault: &str) -> Result<(), OutOfBounds> {
        set_text::<FAULT_BYTES>(self.entry(index)?, 48, fault)
    }

    fn entry(&self, index: usize) -> Result<Shm<'a>, OutOfBounds> {
        if index >= MAX_SERVICES {
            return Err(OutOfBounds);
        }
        self.0.slice(ENTRIES + index * ENTRY, ENTRY)
    }
}

fn text<const N: usize>(from: Shm<'_>, offset: usize) -> Result<Text<N>, OutOfBounds> {
    let mut bytes = [0; N];
    from.read(offset, &mut bytes)?;
    Ok(Text(bytes))
}

fn set_text<const N: usize>(to: Shm<'_>, offset: usize, text: &str) -> Result<(), OutOfBounds> {
    let mut bytes = [0; N];
    let len = text.floor_char_boundary(N);
    bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
    to.write(offset, &bytes)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let words: Vec<_> = (0..512).map(|_| AtomicU64::new(0)).collect();
        let report = Report::new(Shm::from_words(&words));
        report.set_memory(64 << 20, 3 << 20).unwrap();
        report.set_kernel("a kernel with a name far longer than it should be").unwrap();
        report.set_service(1, "serial", 200, 4096).unwrap();
        report.set_state(1, State::Waiting, 7, 2).unwrap();
        report.set_fault(1, "VM fault").unwrap();
        let summary = report.summary().unwrap();
        assert_eq!((summary.services, summary.memory_used), (2, 3 << 20));
        assert_eq!(summary.kernel.as_str(), "a kernel with a name far longer ");
        let serial = report.service(1).unwrap();
        assert_eq!((serial.name.as_str(), serial.state), ("serial", Some(State::Waiting)));
        assert_eq!((serial.restarts, serial.strikes, serial.last_fault.as_str()), (7, 2, "VM fault"));
        assert!(report.service(2).is_err());
        assert!(report.set_service(MAX_SERVICES, "x", 1, 0).is_err());
    }
}
