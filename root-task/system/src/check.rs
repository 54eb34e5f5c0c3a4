//! The check that runs when the table is compiled.
//!
//! A caller's server must rank above it: by a higher priority or, at the same priority, by standing above it
//! in the table. Either way the graph of calls has no cycle, so no two services can wait for each other. The
//! same priority is allowed because seL4 5.0.0's fast path answers only a caller of at least the server's priority
//! (`src/fastpath/fastpath.c`, `fastpath_reply_recv`): 375 instructions against some 1,000 for a round trip.

use caps::{Grant, Kind, Need, Object, Region, Rights, standard};

use crate::{
    Memory, Service, System,
    message::{Message, same},
};

type Checked = Result<(), Flaw>;

/// What is wrong with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The service.
    pub service: &'static str,
    /// Its need or grant.
    pub need: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Flaw {
    /// The message, also while compiling.
    pub const fn message(&self) -> Message {
        Message::of(&["table: ", self.service, ".", self.need, ": ", self.what])
    }
}

/// Refuses a table while it is compiled.
///
/// # Panics
/// With the flaw's message: a compile error where this is called in a constant.
pub const fn require(system: &System) {
    if let Err(flaw) = check(system) {
        panic!("{}", flaw.message().as_str());
    }
}

/// Checks the whole table.
///
/// # Errors
/// The first flaw, naming service and need.
pub const fn check(system: &System) -> Checked {
    let mut i = 0;
    while i < system.services.len() {
        let service = &system.services[i];
        if let Err(e) = names(system, i) {
            return Err(e);
        }
        if let Err(e) = unneeded(service) {
            return Err(e);
        }
        let mut n = 0;
        while let Some(need) = need_at(service, n) {
            if let Err(e) = one_need(system, i, need, n) {
                return Err(e);
            }
            n += 1;
        }
        i += 1;
    }
    badges_and_devices(system)
}

const fn flaw(service: &Service, need: &'static str, what: &'static str) -> Flaw {
    Flaw { service: service.name, need, what }
}

/// Need number `n` of a service, over all its lists.
const fn need_at(service: &Service, n: usize) -> Option<&Need> {
    let (mut list, mut before) = (0, 0);
    while list < service.needs.len() {
        if n - before < service.needs[list].len() {
            return Some(&service.needs[list][n - before]);
        }
        before += service.needs[list].len();
        list += 1;
    }
    None
}

const fn names(system: &System, index: usize) -> Checked {
    let service = &system.services[index];
    if service.name.len() > 15 {
        return Err(flaw(service, "name", "longer than 15 bytes"));
    }
    let mut i = 0;
    while i < index {
        if same(system.services[i].name, service.name) {
            return Err(flaw(service, "name", "two services have it"));
        }
        i += 1;
    }
    Ok(())
}

/// Refuses what is granted and not needed.
const fn unneeded(service: &Service) -> Checked {
    let mut g = 0;
    while g < service.grants.len() {
        let (mut n, mut found) = (0, false);
        while let Some(need) = need_at(service, n) {
            found |= same(need.name, service.grants[g].need);
            n += 1;
        }
        if !found {
            return Err(flaw(service, service.grants[g].need, "granted, but nobody needs it"));
        }
        g += 1;
    }
    Ok(())
}

const fn one_need(system: &System, index: usize, need: &Need, n: usize) -> Checked {
    let service = &system.services[index];
    if let Err(e) = place(service, need, n) {
        return Err(e);
    }
    let (mut g, mut granted) = (0, None);
    while g < service.grants.len() {
        if same(service.grants[g].need, need.name) {
            if granted.is_some() {
                return Err(flaw(service, need.name, "granted twice"));
            }
            granted = Some(&service.grants[g]);
        }
        g += 1;
    }
    let Some(grant) = granted else { return Err(flaw(service, need.name, "needed, but not granted")) };
    if !grant.rights.same(need.rights) {
        return Err(flaw(service, need.name, "granted with other rights than it needs"));
    }
    object(system, index, need, grant)
}

/// Checks that slots and regions of one service keep clear of each other.
const fn place(service: &Service, need: &Need, n: usize) -> Checked {
    let mut m = 0;
    while m < n {
        let Some(other) = need_at(service, m) else { break };
        if same(other.name, need.name) {
            return Err(flaw(service, need.name, "two needs have this name"));
        }
        let clash = match (position(&need.kind), position(&other.kind)) {
            (Ok(a), Ok(b)) => a == b,
            (Err(a), Err(b)) => a.vaddr < b.end() && b.vaddr < a.end(),
            _ => false,
        };
        if clash {
            return Err(flaw(service, need.name, "shares its slot or address with another need"));
        }
        m += 1;
    }
    match position(&need.kind) {
        // Behind the first of them, all are the cells'.
        Ok(slot)
            if slot > cell::ATTACHED.0
                || (slot == cell::ATTACHED.0) != matches!(need.kind, Kind::Cells(_)) =>
        {
            Err(flaw(service, need.name, "its slot is one of the cells', or theirs is not"))
        }
        Ok(slot) if slot <= standard::FAULT.0 || slot >= 1 << caps::Slot::RADIX => {
            Err(flaw(service, need.name, "its slot is reserved or outside of the CNode"))
        }
        Err(region) if region.vaddr < standard::IPC_BUFFER.end() || region.end() > 1 << 32 => {
            Err(flaw(service, need.name, "its address is reserved or not below 4 GiB"))
        }
        _ => Ok(()),
    }
}

const fn position(kind: &Kind) -> Result<u8, Region> {
    match kind {
        Kind::Serve(slot, _)
        | Kind::Call(slot, _)
        | Kind::Cells(slot)
        | Kind::Wait(slot)
        | Kind::Signal(slot)
        | Kind::Irq(slot)
        | Kind::Ports(slot) => Ok(slot.0),
        Kind::Memory(region) | Kind::Mmio(region) => Err(*region),
    }
}

const fn object(system: &System, index: usize, need: &Need, grant: &Grant) -> Checked {
    let service = &system.services[index];
    match (&need.kind, &grant.object) {
        (Kind::Serve(..), Object::Endpoint { of, badge: 0 })
        | (Kind::Wait(_), Object::Notification { of, badge: 0 })
            if same(of, service.name) =>
        {
            Ok(())
        }
        (Kind::Call(_, protocol), Object::Endpoint { of, badge }) if same(of, crate::ROOT) => {
            call_of_root(service, index, need, protocol, *badge)
        }
        (Kind::Call(_, protocol), Object::Endpoint { of, .. }) => call(system, index, need, protocol, of),
        (Kind::Signal(_), Object::Notification { of, .. }) => {
            if same(of, crate::ROOT) || waits(system, of) {
                Ok(())
            } else {
                Err(flaw(service, need.name, "nobody of that name waits for signals"))
            }
        }
        (Kind::Memory(region), Object::Memory { of, name }) => match memory(system, of, name) {
            None => Err(flaw(service, need.name, "there is no such shared memory")),
            Some(memory) if memory.pages != region.pages => {
                Err(flaw(service, need.name, "the shared memory has another size"))
            }
            Some(_) => Ok(()),
        },
        (Kind::Mmio(region), Object::Mmio { pages, .. }) if *pages != region.pages => {
            Err(flaw(service, need.name, "the device has another size"))
        }
        (Kind::Ports(_), Object::Ports { first, last }) if *first > *last => {
            Err(flaw(service, need.name, "the range of ports is empty"))
        }
        (Kind::Cells(_), Object::Cells { .. }) if service.priority > system.cells.priority => {
            Err(flaw(service, need.name, "the cells do not rank above their caller"))
        }
        (Kind::Mmio(_), Object::Mmio { .. })
        | (Kind::Cells(_), Object::Cells { .. })
        | (Kind::Ports(_), Object::Ports { .. })
        | (Kind::Irq(_), Object::Irq { .. }) => Ok(()),
        _ => Err(flaw(service, need.name, "granted something of another kind")),
    }
}

const fn call(system: &System, caller: usize, need: &Need, protocol: &str, of: &str) -> Checked {
    let service = &system.services[caller];
    let Some(server) = find(system, of) else {
        return Err(flaw(service, need.name, "there is no such server"));
    };
    let (mut n, mut speaks) = (0, false);
    while let Some(other) = need_at(&system.services[server], n) {
        if let Kind::Serve(_, served) = &other.kind {
            speaks |= same(served, protocol);
        }
        n += 1;
    }
    if !speaks {
        return Err(flaw(service, need.name, "the server does not speak this protocol"));
    }
    let (own, its) = (service.priority, system.services[server].priority);
    if its < own || (its == own && server >= caller) {
        return Err(flaw(service, need.name, "the server does not rank above its caller"));
    }
    Ok(())
}

/// The root task calls nobody, so it ranks above all. It knows who asks by the badge.
const fn call_of_root(service: &Service, index: usize, need: &Need, protocol: &str, badge: u64) -> Checked {
    if !same(protocol, report::control::PROTOCOL) {
        return Err(flaw(service, need.name, "the server does not speak this protocol"));
    }
    if badge != crate::control_badge(index) {
        return Err(flaw(service, need.name, "its badge is not the one by which the root task knows it"));
    }
    Ok(())
}

const fn find(system: &System, name: &str) -> Option<usize> {
    let mut i = 0;
    while i < system.services.len() {
        if same(system.services[i].name, name) {
            return Some(i);
        }
        i += 1;
    }
    None
}

const fn waits(system: &System, name: &str) -> bool {
    let Some(index) = find(system, name) else { return false };
    let mut n = 0;
    while let Some(need) = need_at(&system.services[index], n) {
        if matches!(need.kind, Kind::Wait(_)) {
            return true;
        }
        n += 1;
    }
    false
}

const fn memory(system: &System, of: &str, name: &str) -> Option<Memory> {
    let mut i = 0;
    while i < system.memory.len() {
        if same(system.memory[i].of, of) && same(system.memory[i].name, name) {
            return Some(system.memory[i]);
        }
        i += 1;
    }
    None
}

/// Compares each grant with all those behind it: badges and devices are given once.
const fn badges_and_devices(system: &System) -> Checked {
    let mut i = 0;
    while i < system.services.len() {
        let mut g = 0;
        while g < system.services[i].grants.len() {
            if let Err(e) = told_apart(system, &system.services[i], &system.services[i].grants[g]) {
                return Err(e);
            }
            let (mut j, mut h) = (i, g + 1);
            while j < system.services.len() {
                while h < system.services[j].grants.len() {
                    if let Some(what) = clash(system, (i, g), (j, h)) {
                        return Err(flaw(&system.services[j], system.services[j].grants[h].need, what));
                    }
                    h += 1;
                }
                j += 1;
                h = 0;
            }
            g += 1;
        }
        i += 1;
    }
    Ok(())
}

/// A service that receives requests and signals in one place knows them apart by the badge alone: signals to it have
/// bits that no caller's badge can have.
const fn told_apart(system: &System, service: &Service, grant: &Grant) -> Checked {
    let Some((of, badge)) = signal(service, &grant.object) else { return Ok(()) };
    let Some(index) = find(system, of) else { return Ok(()) };
    let (mut n, mut serves) = (0, false);
    while let Some(need) = need_at(&system.services[index], n) {
        serves |= matches!(need.kind, Kind::Serve(..));
        n += 1;
    }
    if serves && badge & ((1 << caps::ENDPOINT_BADGE_BITS) - 1) != 0 {
        return Err(flaw(service, grant.need, "its badge could be a caller's; take bits from 28 on"));
    }
    Ok(())
}

/// What two grants of the table have in common that only one may have.
const fn clash(system: &System, a: (usize, usize), b: (usize, usize)) -> Option<&'static str> {
    let (first, second) = (&system.services[a.0], &system.services[b.0]);
    let (x, y) = (&first.grants[a.1].object, &second.grants[b.1].object);
    match (x, y) {
        (Object::Endpoint { of, badge }, Object::Endpoint { of: other, badge: same_badge })
            if same(of, other) && *badge == *same_badge =>
        {
            Some("its badge is used twice")
        }
        (Object::Irq { line, .. }, Object::Irq { line: other, .. }) if *line == *other => {
            Some("the device is given twice")
        }
        (Object::Ports { first, last }, Object::Ports { first: from, last: to })
            if *first <= *to && *from <= *last =>
        {
            Some("the device is given twice")
        }
        (Object::Mmio { paddr, pages }, Object::Mmio { paddr: other, pages: more })
            if *paddr < *other + *more * Region::PAGE && *other < *paddr + *pages * Region::PAGE =>
        {
            Some("the device is given twice")
        }
        (Object::Cells { hook }, Object::Cells { hook: other }) if *hook == *other => {
            Some("the hook has an owner already")
        }
        _ => match (signal(first, x), signal(second, y)) {
            (Some((of, badge)), Some((other, bits))) if same(of, other) && badge & bits != 0 => {
                // One bit may be shared by all who log: the driver looks at every ring anyway.
                if Rights::W.same(first.grants[a.1].rights)
                    && same(first.grants[a.1].need, "log-signal")
                    && same(second.grants[b.1].need, "log-signal")
                {
                    None
                } else {
                    Some("its badge is used twice")
                }
            }
            _ => None,
        },
    }
}

/// Whose notification an object sets bits in, and which.
const fn signal(service: &Service, object: &Object) -> Option<(&'static str, u64)> {
    match object {
        Object::Notification { of, badge } => Some((of, *badge)),
        Object::Irq { badge, .. } => Some((service.name, *badge)),
        _ => None,
    }
}
