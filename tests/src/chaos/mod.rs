//! Fault injection under load: components are killed, hung, sent astray, and bits of their memory turned, at random points of a
//! running system. After each the system has to be as it was before.
//!
//! **What is asserted.** After each injection: every service and program runs; both UARTs, the timer and the sampler
//! work; no other component was restarted or stopped; the memory in use and the agent's two stores are what they were, to the
//! byte; the code of every component is what its file says; each event that the hook's owner counts as answered was
//! counted by a program, once, but for those in flight in what was killed: one in a cell, one of each program in `tick`.
//!
//! **What a turned bit may do.** Nothing; a fault, which is healed by itself; or something wrong that nobody notices: memory has
//! no checksums here. So a bit that had no visible effect for a while is healed by having the service built again from its
//! file (`hypctl service restart`), the program by replacing it; where the control line itself is dead the service is
//! killed. A bit of the code that all cells share is turned back: it is only filled anew when a cell faults. Until
//! then, a turned bit of private data may lead to wrong counts, and in the agent to wrong answers: these are counted and not
//! failures, as long as the rebuilt component works, and nobody else was hurt. An agent with a turned bit may also compile a
//! program wrongly, whose cell is stopped then: after it all programs are loaded again, and those that had to leave their hooks
//! attached.
//!
//! **Memory that components share** (`shared.rs`): a bit of a ring, a map, a page of counters, hooks or reports turns. Values may be
//! wrong meanwhile; nobody faults or hangs, and all works as before, with rings by itself, with the rest once the bit is turned back
//! (unless it was written over) or, where somebody believed it and goes on with it, the owner was built again.
//!
//! **The policy of restarts** leaves a component stopped after 8 faults (a cell after 3) of which none is a clean minute
//! older than the next. A stopped component is a failure of the run; so one with few lives left is let alone until
//! its minute has passed, and a program gets a new cell by being replaced. No policy is changed for the test.
//!
//! **What is left out.** The kernel's and the root task's memory, and device registers. On a board where the timer service calls the
//! watchdog, which does not find that one hung then, the timer is only made to fault.
//!
//! **Time.** The machine's time is counted in instructions and skips what nobody uses (`-icount`): a busy
//! host delays the machine, and never looks like a hung component. Time is told by the events that the hook's owner sends, not by
//! what programs note, which a turned bit may make wrong. The same seed gives the same injections; the
//! instant at which one meets the machine is the host's, so a replay may take several tries.

mod heal;
mod image;
mod inject;
mod load;
mod machine;
mod ram;
mod random;
mod shared;
mod step;
mod tally;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, ensure};
use cell::IMAGE;
use image::Image;
pub use inject::{Injection, Kind};
use load::{Load, Objects};
use machine::Machine;
use platform::PLATFORM;
use ram::{Ram, VSpace};
use random::Random;
use system::{ROOT, SYSTEM};
pub use tally::Tallies;
use view::{Snapshot, View};

use crate::{Options, System, qemu::ICOUNT, tools};

/// The name under which all cells' own program is a target.
const CELLS: &str = "cells";
/// Programs that are there between two injections.
const PROGRAMS: [&str; 3] = ["console", "count", "steady"];
/// What each is attached to.
const HOOKS: [&[&str]; 3] = [&["serial"], TIMER, TIMER];
const TIMER: &[&str] = &["timer", "--period", "1ms"];

/// What must be the same after each injection.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Base {
    memory_used: u64,
    program_memory_free: u64,
    map_memory_free: u64,
    attachments: u64,
}

/// A system under load, and what is known of it.
#[derive(Debug)]
pub struct Chaos {
    system: System,
    machine: &'static Machine,
    ram: Ram,
    view: View,
    /// Services' roots of address spaces: each is built again in the same place.
    roots: BTreeMap<String, u64>,
    images: BTreeMap<String, Image>,
    objects: Arc<Objects>,
    load: Load,
    base: Base,
    /// When services were last seen to start, in the system's time.
    started: BTreeMap<String, u64>,
    /// The sampler's count of samples, and when it last changed, in the system's time.
    sampled: (u64, u64),
}

impl Chaos {
    /// Boots a system and puts it under load.
    ///
    /// # Errors
    /// It does not boot, or the load can't be loaded.
    pub fn start() -> Result<Self> {
        let machine = Machine::of_board()?;
        // A timer that is a clock by its nature (riscv64's) follows the machine's time, too.
        let args = ["-icount", ICOUNT, "-rtc", "clock=vm"].map(String::from).into();
        let system = System::boot(&Options { memory: 16, args, ..Options::default() })?;
        let ram = Ram::open(&system.path("ram"), &tools::kernel_elf(), machine)?;
        let services = SYSTEM.services.iter().map(|service| service.name);
        let images = services.chain(["cell"]).map(|name| Ok((name.to_owned(), Image::open(name)?)));
        let images: BTreeMap<_, _> = images.collect::<Result<_>>()?;
        let mut roots = BTreeMap::new();
        let vspaces = ram.vspaces()?;
        for service in SYSTEM.services {
            let image = &images[service.name];
            let own =
                vspaces.iter().find(|vspace| image.differs(&ram, vspace).is_ok_and(|page| page.is_none()));
            roots.insert(service.name.to_owned(), own.with_context(|| format!("no {}", service.name))?.root);
        }
        let agent = vspaces.into_iter().find(|vspace| vspace.root == roots["agent"]).context("no agent")?;
        let objects = Arc::new(Objects::make()?);
        let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
        for object in [&path(&objects.count[0]), &path(&objects.steady), "examples/console.bpf.o"] {
            system.hypctl(&["prog", "load", object])?;
        }
        for (name, hook) in PROGRAMS.into_iter().zip(HOOKS) {
            system.hypctl(&[&["prog", "attach", name], hook].concat())?;
        }
        let load = Load::start(&system, &objects);
        let mut chaos = Self {
            base: Base { memory_used: 0, program_memory_free: 0, map_memory_free: 0, attachments: 3 },
            view: View::new(agent),
            started: BTreeMap::new(),
            sampled: (0, 0),
            system,
            machine,
            ram,
            roots,
            images,
            objects,
            load,
        };
        let held = chaos.load.hold();
        let base = chaos.status()?;
        drop(held);
        ensure!(base.attachments == 3, "{base:?}");
        chaos.base = base;
        Ok(chaos)
    }

    fn snapshot(&self) -> Result<Snapshot> {
        self.view.snapshot(&self.ram)
    }

    /// The file of what a component runs; none for a program, which has none.
    fn image(&self, target: &str) -> Option<&Image> {
        self.images.get(if target == CELLS { "cell" } else { target })
    }

    /// A component's address space.
    fn vspace(&self, target: &str) -> Result<VSpace> {
        let vspaces = self.ram.vspaces()?;
        if let Some(root) = self.roots.get(target) {
            return vspaces
                .into_iter()
                .find(|vspace| vspace.root == *root)
                .with_context(|| format!("{target} is gone"));
        }
        let name = if target == CELLS { "steady" } else { target };
        let snapshot = self.snapshot()?;
        let slot = snapshot.programs.get(name).with_context(|| format!("no program {name}"))?.slot;
        let is_cell = |vspace: &VSpace| {
            let word = |offset| self.ram.word(vspace.paddr(IMAGE.vaddr + offset)?).ok();
            // Its header: `cell::image`.
            word(0).is_some_and(|word| word as u32 == u32::from_le_bytes(*b"CELL"))
                && word(24).is_some_and(|word| (word >> 32) as usize == slot)
        };
        vspaces.into_iter().find(is_cell).with_context(|| format!("{name} has no cell"))
    }

    /// The next injection: a kind, or the one that is wanted, and a component that can take it.
    ///
    /// # Errors
    /// The machine's memory can't be read.
    pub fn choose(&self, random: &mut Chooser, wanted: Option<Kind>) -> Result<Injection> {
        let snapshot = self.snapshot()?;
        loop {
            let any = random.0.one_of(&Kind::ALL).copied();
            let kind = wanted.or(any).context("no kind")?;
            let pick = random.0.next();
            if kind == Kind::DropSignal {
                return Ok(Injection { kind, target: "signals".to_owned(), pick });
            }
            let targets = self.targets(kind, &snapshot)?;
            if let Some(target) = random.0.one_of(&targets) {
                return Ok(Injection { kind, target: target.clone(), pick });
            }
        }
    }

    /// Components that can take an injection of this kind: they have lives left.
    fn targets(&self, kind: Kind, snapshot: &Snapshot) -> Result<Vec<String>> {
        let now = snapshot.now_ns();
        let mut targets = Vec::new();
        for (name, health) in &snapshot.services {
            let policy = SYSTEM.services[SYSTEM.find(name).context("a service")?].restart;
            let clean_ns = u64::from(policy.clean_after_s) * 1_000_000_000;
            let clean = self.started.get(name).is_some_and(|started| now.saturating_sub(*started) > clean_ns);
            // Where the watchdog is called by the timer, it does not find that hung.
            let watched = name != "timer" || kind.faults() || PLATFORM.timer.watch_irq().is_some();
            if watched && (clean || health.strikes + 2 < policy.limit) {
                targets.push(name.clone());
            }
        }
        if kind == Kind::FlipShared {
            let lives = |of: &str| of == ROOT || targets.iter().any(|name| name == of);
            let named = shared::names().filter(|(of, _)| lives(of));
            return Ok(named.map(|(of, name)| shared::target(of, name)).collect());
        }
        let limit = SYSTEM.cells.restart.limit;
        let lively = |name: &&&str| snapshot.programs.get(**name).is_some_and(|p| p.strikes + 1 < limit);
        targets.extend(PROGRAMS.iter().filter(lively).map(ToString::to_string));
        if PROGRAMS.iter().all(|name| lively(&name)) && kind != Kind::FlipData {
            targets.push(CELLS.to_owned());
        }
        Ok(targets)
    }

    /// The console's end, for a report of a failure.
    pub fn console_end(&self) -> String {
        let console = self.system.console();
        // Without registers.
        let lines: Vec<_> = console
            .lines()
            .filter(|line| std::env::var_os("CHAOS_REGISTERS").is_some() || !line.contains("root: error:   "))
            .collect();
        lines[lines.len().saturating_sub(16)..].join("\n")
    }

    /// The system's time, in ns.
    pub fn now_ns(&self) -> u64 {
        self.snapshot().map_or(0, |snapshot| snapshot.now_ns())
    }

    /// Requests of the load that were answered well, and others.
    pub fn load_counts(&self) -> (u64, u64) {
        self.load.counts()
    }
}

/// What chooses.
#[derive(Clone, Debug)]
pub struct Chooser(Random);

impl Chooser {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(Random(seed))
    }
}
