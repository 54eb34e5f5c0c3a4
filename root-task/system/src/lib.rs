//! Who holds what: one table, checked when it is compiled.
#![no_std]
#![forbid(unsafe_code)]

mod check;
mod message;
pub mod render;
mod table;

pub use check::{Flaw, check, require};
pub use message::Message;
pub use table::SYSTEM;

use core::fmt;

use caps::{Grant, Kind, Need, Object, Slot};

/// The root task's name in the table.
pub const ROOT: &str = "root";
/// Badge bit of the root task's notification by which service `index` says that it is ready.
pub const fn ready_badge(index: usize) -> u64 {
    1 << index
}

/// Set in the badges of requests to the root task, and in no other message that it gets, nor in a signal.
pub const CONTROL_BADGE: u64 = 1 << 27;

/// Badge bit of the root task's notification: the watchdog is to look after the cells.
pub const WATCH_BADGE: u64 = 1 << 23;
/// Badge of the watchdog's own interrupt, where the board has one: see [`platform::Timer::watch_irq`].
pub const WATCH_IRQ_BADGE: u64 = 1 << 22;

/// The badge by which the root task knows that service `index` asks.
pub const fn control_badge(index: usize) -> u64 {
    CONTROL_BADGE | index as u64
}

/// Memory that several services share, or that outlives the one that uses it.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Who it belongs to, by meaning; [`ROOT`] is the root task.
    pub of: &'static str,
    /// Its name among its owner's.
    pub name: &'static str,
    /// Its size in pages.
    pub pages: u64,
}

/// What happens when a service faults.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// Delay before the second restart; doubles with each further one.
    pub backoff_ms: u32,
    /// So many restarts, then comes what `on_limit` says.
    pub limit: u32,
    /// What ran so long without a fault starts with a clean record.
    pub clean_after_s: u32,
    /// What shows no sign of life for so long counts as hung, and as a fault. The watchdog looks every 100 ms. A cell is hung
    /// when it does not answer between two looks.
    pub silent_ms: u32,
    /// Input from outside may keep it busy: that others starve then is no fault of its own.
    pub input_driven: bool,
    /// What happens at the fault behind the last restart.
    pub on_limit: OnLimit,
}

/// What happens to a service that faults too often.
#[derive(Clone, Copy, Debug)]
pub enum OnLimit {
    /// It stays stopped, and everything else goes on.
    Stop,
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backoff_ms, limit, clean_after_s, silent_ms, input_driven: _, on_limit } = self;
        let then = match on_limit {
            OnLimit::Stop => "stop",
        };
        write!(f, "{limit} times, {backoff_ms} ms x2, {then}; clean {clean_after_s} s, hung ")?;
        match (silent_ms / 1_000, silent_ms % 1_000) {
            (s @ 1.., 0) => write!(f, "{s} s"),
            _ => write!(f, "{silent_ms} ms"),
        }
    }
}

/// A service.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name, at most 15 bytes; its program has the same.
    pub name: &'static str,
    /// Its priority. See [`check()`] for what orders callers and servers.
    pub priority: u8,
    /// Pages of stack.
    pub stack_pages: u64,
    /// What happens when it faults.
    pub restart: Restart,
    /// What it needs.
    pub needs: &'static [&'static [Need]],
    /// What it is granted.
    pub grants: &'static [Grant],
}

/// Cells, which come and go. They rank above all services of their priority.
#[derive(Clone, Copy, Debug)]
pub struct Cells {
    /// Their priority: at least that of the owners of hooks.
    pub priority: u8,
    /// What happens when one faults or is over its budget.
    pub restart: Restart,
    /// Hooks whose context is more than an event's words: number, and the memory (owner, name) that their programs read.
    pub contexts: &'static [(u32, &'static str, &'static str)],
}

/// The whole system.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// Shared memory.
    pub memory: &'static [Memory],
    /// Services: a server stands above those of its own priority that call it.
    pub services: &'static [Service],
    /// What holds for all cells.
    pub cells: Cells,
}

impl Service {
    /// Its needs, each with what was granted for it.
    pub fn caps(&self) -> impl Iterator<Item = (&'static Need, &'static Grant)> {
        let (needs, grants) = (self.needs, self.grants);
        needs.iter().copied().flatten().filter_map(move |need| {
            // The check saw to it that there is exactly one.
            grants.iter().find(|grant| grant.need == need.name).map(|grant| (need, grant))
        })
    }

    /// Whether it has a notification of its own.
    pub fn waits(&self) -> bool {
        self.needs.iter().copied().flatten().any(|need| matches!(need.kind, Kind::Wait(_)))
    }

    /// Whether it receives requests.
    pub fn serves(&self) -> bool {
        self.needs.iter().copied().flatten().any(|need| matches!(need.kind, Kind::Serve(..)))
    }
}

impl System {
    /// The place of the owner of the hook with this number, and its first slot for cells.
    pub fn owner(&self, hook: u32) -> Option<(usize, Slot)> {
        self.services.iter().enumerate().find_map(|(index, service)| {
            // Asked for each replacement: names are compared last.
            let of = |grant: &&Grant| matches!(grant.object, Object::Cells { hook: its } if its == hook);
            let grant = service.grants.iter().rfind(of)?;
            let need = service.needs.iter().copied().flatten().find(|need| need.name == grant.need)?;
            if let Kind::Cells(first) = need.kind { Some((index, first)) } else { None }
        })
    }

    /// The memory that holds the context of this hook, if its events' words are not all of it: owner, name.
    pub fn context(&self, hook: u32) -> Option<(&'static str, &'static str)> {
        let mut contexts = self.cells.contexts.iter();
        contexts.find_map(|(its, of, name)| (*its == hook).then_some((*of, *name)))
    }

    /// The place of the service with this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.services.iter().position(|service| service.name == name)
    }

    /// The place of the shared memory that `object` names.
    pub fn find_memory(&self, object: &Object) -> Option<usize> {
        let Object::Memory { of, name } = object else { return None };
        self.memory.iter().position(|memory| memory.of == *of && memory.name == *name)
    }
}

#[cfg(test)]
mod tests;
