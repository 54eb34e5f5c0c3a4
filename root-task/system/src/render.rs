//! The table as text: a line a capability, fields separated by tabs.

use core::fmt::{self, Write};

use caps::{Grant, Kind, Need, Object};

use crate::{Service, System};

/// Writes `service slot|address name kind object rights badge` for each capability of the system; and, as if it were in
/// slot 0, which is always empty, what happens to a service that faults: so often is it built again, first at once, then
/// after so many ms, then after twice the time; with a clean record after so many s without a fault.
///
/// # Errors
/// Those of the writer.
pub fn text(system: &System, to: &mut impl Write) -> fmt::Result {
    for service in system.services {
        writeln!(to, "{}\t0\trestart\tpolicy\t{}\t---\t0", service.name, service.restart)?;
        writeln!(to, "{}\t1\tfault\tsend\troot\t-wg\t0", service.name)?;
        for (need, grant) in service.caps() {
            line(service, need, grant, to)?;
        }
    }
    Ok(())
}

/// Writes the line of one capability.
///
/// # Errors
/// Those of the writer.
pub fn line(service: &Service, need: &Need, grant: &Grant, to: &mut impl Write) -> fmt::Result {
    write!(to, "{}\t", service.name)?;
    let (kind, badge) = match (&need.kind, &grant.object) {
        (Kind::Serve(slot, _), _) => slot_kind(to, slot.0, "serve", 0)?,
        (Kind::Call(slot, _), Object::Endpoint { badge, .. }) => slot_kind(to, slot.0, "call", *badge)?,
        (Kind::Cells(slot), _) => slot_kind(to, slot.0, "cells", 0)?,
        (Kind::Wait(slot), _) => slot_kind(to, slot.0, "wait", 0)?,
        (Kind::Signal(slot), Object::Notification { badge, .. }) => slot_kind(to, slot.0, "signal", *badge)?,
        (Kind::Irq(slot), Object::Irq { badge, .. }) => slot_kind(to, slot.0, "irq", *badge)?,
        (Kind::Ports(slot), _) => slot_kind(to, slot.0, "ports", 0)?,
        (Kind::Memory(region) | Kind::Mmio(region), object) => {
            write!(to, "{:#x}", region.vaddr)?;
            (if matches!(object, Object::Mmio { .. }) { "mmio" } else { "memory" }, 0)
        }
        // The check refused everything else.
        (Kind::Call(slot, _) | Kind::Signal(slot) | Kind::Irq(slot), _) => slot_kind(to, slot.0, "?", 0)?,
    };
    write!(to, "\t{}\t{kind}\t", need.name)?;
    match grant.object {
        Object::Endpoint { of, .. } | Object::Notification { of, .. } => write!(to, "{of}")?,
        Object::Cells { hook } => write!(to, "hook {hook}")?,
        Object::Irq { line, .. } => write!(to, "line {line}")?,
        Object::Ports { first, last } => write!(to, "{first:#x}..{last:#x}")?,
        Object::Memory { of, name } => {
            let pages = match need.kind {
                Kind::Memory(region) => region.pages,
                _ => 0,
            };
            write!(to, "{of}.{name} {} KiB", pages * 4)?;
        }
        Object::Mmio { paddr, pages } => write!(to, "{paddr:#x} {} KiB", pages * 4)?,
    }
    writeln!(to, "\t{}\t{badge}", grant.rights)
}

fn slot_kind(
    to: &mut impl Write,
    slot: u8,
    kind: &'static str,
    badge: u64,
) -> Result<(&'static str, u64), fmt::Error> {
    write!(to, "{slot}")?;
    Ok((kind, badge))
}

/// A service's own capabilities in a line, for the boot log. What every service has (its faults, its log, its
/// counters, the clock to read) is left out.
#[derive(Debug)]
pub struct Caps(pub &'static Service);

impl fmt::Display for Caps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "priority {}", self.0.priority)?;
        for (need, grant) in own(self.0) {
            match (&need.kind, grant.object) {
                (Kind::Serve(..), _) => write!(f, ", serves {}", need.name)?,
                (Kind::Wait(_), _) => write!(f, ", waits")?,
                (Kind::Call(..), Object::Endpoint { of, .. }) => write!(f, ", calls {of}")?,
                (Kind::Signal(_), Object::Notification { of, .. }) => write!(f, ", signals {of}")?,
                (_, Object::Cells { hook }) => write!(f, ", calls cells on hook {hook}")?,
                (_, Object::Irq { line, .. }) => write!(f, ", irq {line}")?,
                (_, Object::Ports { first, last }) => write!(f, ", ports {first:#x}..{last:#x}")?,
                (_, Object::Mmio { paddr, .. }) => write!(f, ", device {paddr:#x}")?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A service's own shared memory in a line, likewise.
#[derive(Debug)]
pub struct Memory(pub &'static Service);

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")?;
        for (need, grant) in own(self.0) {
            if let Object::Memory { .. } = grant.object {
                write!(f, " {}:{}", need.name, if grant.rights.can_write() { "rw" } else { "r" })?;
            }
        }
        Ok(())
    }
}

fn own(service: &Service) -> impl Iterator<Item = (&'static Need, &'static Grant)> {
    service.caps().filter(|(need, _)| !is_standard(need))
}

fn is_standard(need: &Need) -> bool {
    let standard = caps::standard::NEEDS.iter().chain([&caps::standard::CLOCK_NEED]);
    standard.into_iter().any(|other| other.name == need.name && other.rights.same(need.rights))
}
