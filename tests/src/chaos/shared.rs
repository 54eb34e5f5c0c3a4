//! Memory that components share by the table: rings, maps, counters, hooks, reports. Who reads there checks what it reads: a bit
//! that turns makes values wrong, and nobody faults or hangs.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use caps::{Kind, Object};
use system::{ROOT, SYSTEM};

use super::{
    Chaos,
    inject::{Injection, Turned},
    ram::Page,
    step::{QUIET, Recovery},
    view::Snapshot,
};

/// Rings: what is in them is lost, and they go on by themselves.
const RINGS: [&str; 3] = ["log", "control-rx", "control-tx"];
/// How long it is watched at most, of the host's time: the system's own clock may be what is wrong.
const PATIENCE: Duration = Duration::from_secs(8);

/// All of it: owner and name.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SYSTEM.memory.iter().map(|memory| (memory.of, memory.name))
}

/// Its name as a target.
pub fn target(of: &str, name: &str) -> String {
    format!("{of}/{name}")
}

impl Chaos {
    /// Where shared memory lies, if a service has it mapped.
    pub(super) fn shared(&self, wanted: &str) -> Result<Vec<Page>> {
        for service in SYSTEM.services {
            for (need, grant) in service.caps() {
                if let (Kind::Memory(region), Object::Memory { of, name }) = (need.kind, grant.object)
                    && target(of, name) == wanted
                {
                    let vspace = self.vspace(service.name)?;
                    return Ok(vspace.range(region.vaddr, region.end()).copied().collect());
                }
            }
        }
        anyhow::bail!("no service has {wanted}")
    }

    /// Lets the system run on for a while.
    pub(super) fn watch_shared(&mut self, before: &Snapshot) -> Result<()> {
        let (start, asked) = (Instant::now(), self.asked());
        let events = |now: &Snapshot| now.counter("tick", "hook_events");
        loop {
            let _ = self.system.type_in(b"x");
            let now = self.snapshot()?;
            let passed = events(&now).saturating_sub(events(before)) / 2 >= QUIET
                || now.now_ns().saturating_sub(before.now_ns()) / 1_000_000 >= QUIET;
            if passed && self.asked() >= asked + 4 || start.elapsed() > PATIENCE {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// All works as before once the bit is turned back; with rings also if it is not.
    pub(super) fn heal_shared(&mut self, injection: &Injection, turned: Turned) -> Result<Recovery> {
        let (of, name) = injection.target.split_once('/').context("OF/NAME")?;
        if !RINGS.contains(&name) {
            self.turn_back(turned)?;
        }
        let broken = match self.works(None) {
            Ok(()) => return Ok(Recovery::Unseen),
            Err(broken) => broken,
        };
        if of == ROOT {
            return Err(broken);
        }
        // Somebody has believed what it read, and goes on with it.
        self.rebuild(of).and_then(|()| self.settle()).with_context(|| format!("{broken:#}; and then"))?;
        self.works(None).with_context(|| format!("{broken:#}; and built again"))?;
        Ok(Recovery::Request)
    }
}
