//! Whether all works, and what is done where it does not.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    Base, CELLS, Chaos, HOOKS, PROGRAMS,
    inject::{Done, Injection, Kind},
    step::Recovery,
    view::Snapshot,
};

/// How long something that works may take, of the system's time: more than two samples of the sampler.
const SOON_NS: u64 = 3_000_000_000;
/// The same of the host's, where the system's time stands still.
const SOON: Duration = Duration::from_secs(20);
/// So often the device is asked at least, if it does not answer.
const TRIES: u32 = 3;

/// Targets without which there are no samples.
pub(super) const SAMPLING: [&str; 2] = ["metrics", "timer"];

impl Chaos {
    pub(super) fn status(&self) -> Result<Base> {
        // The load may have been in the middle of loading it.
        let listed: Value = serde_json::from_str(&self.ask(&["prog", "list", "--json"])?)?;
        if listed.as_array().into_iter().flatten().any(|program| program["name"] == "extra") {
            self.ask(&["prog", "unload", "extra"])?;
        }
        let status: Value = serde_json::from_str(&self.ask(&["status", "--json"])?)?;
        let field = |name: &str| status[name].as_u64().with_context(|| format!("status has no {name}"));
        Ok(Base {
            memory_used: field("memory_used")?,
            program_memory_free: field("program_memory_free")?,
            map_memory_free: field("map_memory_free")?,
            attachments: field("attachments")?,
        })
    }

    /// Asks until there is an answer: a busy host may not let the device give one in time, which looks as if it had none.
    fn ask(&self, args: &[&str]) -> Result<String> {
        let (start, start_ns) = (Instant::now(), self.snapshot()?.now_ns());
        for tries in 1.. {
            let answer = self.load.ask(args);
            let passed_ns = self.snapshot()?.now_ns().saturating_sub(start_ns);
            if answer.is_ok() || tries >= TRIES && passed_ns > SOON_NS || start.elapsed() > SOON {
                return answer;
            }
        }
        bail!("never asked")
    }

    /// Waits until it is so, while somebody types.
    fn soon(&mut self, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Result<()> {
        let first_ns = self.snapshot()?.now_ns();
        let mut moved = (Instant::now(), first_ns);
        loop {
            let now = self.snapshot()?;
            if now.now_ns() != moved.1 {
                moved = (Instant::now(), now.now_ns());
            }
            if is_so(&now) {
                return Ok(());
            }
            let late = now.now_ns().saturating_sub(first_ns) > SOON_NS || moved.0.elapsed() > SOON;
            ensure!(!late, "{what}");
            let _ = self.system.type_in(b"x");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Every part of the system does its work. The sampler does so once a second: one more than `samples` is
    /// waited for; if that is none, the last one may not be long ago: a sampler that stands still is found one of the next
    /// times.
    pub(super) fn works(&mut self, samples: Option<u64>) -> Result<()> {
        let first = self.snapshot()?;
        self.sampled(&first)?;
        let now = |service, name| Some((service, name, first.counter(service, name)));
        let sampler = samples.map(|samples| ("metrics", "samples", samples));
        for (service, name, before) in
            [now("serial", "hook_events"), now("tick", "hook_events"), sampler].into_iter().flatten()
        {
            let what = format!("{service} does not go on: {name} stays {before}");
            self.soon(&what, |now| now.counter(service, name) > before)?;
        }
        for (map, tally) in &first.tallies {
            let goes_on = |now: &Snapshot| now.tallies.get(map).is_some_and(|now| now.events > tally.events);
            self.soon(&format!("the program of {map} does not go on"), goes_on)?;
        }
        let line = self.load.hold();
        let status = self.status();
        drop(line);
        let status = status.context("the control line is dead")?;
        ensure!(status == self.base, "not as before: {status:?} instead of {:?}", self.base);
        let snapshot = self.snapshot()?;
        ensure!(!snapshot.twins, "two programs have one name");
        for name in PROGRAMS {
            ensure!(snapshot.programs.contains_key(name), "the program {name} is gone");
        }
        Ok(())
    }

    /// Notes when the sampler was last seen to sample.
    fn sampled(&mut self, now: &Snapshot) -> Result<()> {
        let (samples, now_ns) = (now.counter("metrics", "samples"), now.now_ns());
        if samples != self.sampled.0 {
            self.sampled = (samples, now_ns);
        }
        let for_ns = now_ns.saturating_sub(self.sampled.1);
        ensure!(for_ns < SOON_NS, "no sample for {} ms, since an earlier step", for_ns / 1_000_000);
        Ok(())
    }

    /// Has what was hurt built again if need be, until all works.
    pub(super) fn heal(
        &mut self,
        injection: &Injection,
        done: &Done,
        before: &Snapshot,
        seen: Recovery,
    ) -> Result<Recovery> {
        if let (Kind::FlipShared, Some(turned)) = (injection.kind, done.undo) {
            return self.heal_shared(injection, turned);
        }
        if seen != Recovery::Unseen && injection.may_miscompile() {
            self.compile_anew()?;
        }
        let samples = |now: &Snapshot| {
            SAMPLING.contains(&injection.target.as_str()).then(|| now.counter("metrics", "samples"))
        };
        // A turned bit was watched for longer than a sample takes.
        let since = if injection.kind.is_deadly() { samples(&self.snapshot()?) } else { samples(before) };
        let works = self.works(since);
        if seen != Recovery::Unseen || injection.kind.is_deadly() {
            return works.map(|()| seen);
        }
        if injection.kind == Kind::DropSignal {
            return works.map(|()| Recovery::Unseen);
        }
        ensure!(injection.kind.turns_a_bit(), "nothing else goes unseen");
        let broken = works.is_err();
        if injection.target == CELLS
            && let Some(turned) = done.undo
        {
            self.turn_back(turned)?;
            self.works(None)?;
            return Ok(if broken { Recovery::Request } else { Recovery::Unseen });
        }
        let rebuilt = self.rebuild(&injection.target).and_then(|()| self.settle_after(injection));
        let since = samples(&self.snapshot()?);
        if rebuilt.is_ok() && self.works(since).is_ok() {
            return Ok(if broken { Recovery::Request } else { Recovery::Unseen });
        }
        // The line is dead: by what nobody overlooks.
        let kill = Injection { kind: Kind::Kill, ..injection.clone() };
        self.inject(&kill)?;
        let count = |now: &Snapshot| {
            let target = now.services.get(&injection.target).or(now.programs.get(&injection.target));
            target.map_or(0, |health| health.count)
        };
        let first = count(&self.snapshot()?);
        self.soon("it was killed, and nobody noticed", |now| count(now) != first)?;
        self.settle_after(injection)?;
        let since = samples(&self.snapshot()?);
        self.works(since).context("after it was killed, too")?;
        Ok(Recovery::Kill)
    }

    /// Has a component built again from its file.
    pub(super) fn rebuild(&self, target: &str) -> Result<()> {
        let _line = self.load.hold();
        if self.roots.contains_key(target) {
            return self.ask(&["service", "restart", target]).map(drop);
        }
        self.replace(target)
    }

    fn replace(&self, program: &str) -> Result<()> {
        let object = match program {
            "count" => self.objects.count[0].to_string_lossy().into_owned(),
            "steady" => self.objects.steady.to_string_lossy().into_owned(),
            "console" => "examples/console.bpf.o".to_owned(),
            other => bail!("no program {other}"),
        };
        self.ask(&["prog", "replace", program, &object]).map(drop)
    }

    fn settle_after(&mut self, injection: &Injection) -> Result<()> {
        if injection.may_miscompile() { self.compile_anew() } else { self.settle() }
    }

    /// Loads all programs again once the agent runs: what it compiled while it had a turned bit may be wrong. One whose cell
    /// stayed stopped for that has left its hook.
    fn compile_anew(&mut self) -> Result<()> {
        self.soon("not all services run", Snapshot::services_run)?;
        let line = self.load.hold();
        for (name, hook) in PROGRAMS.into_iter().zip(HOOKS) {
            self.replace(name)?;
            let shown: Value = serde_json::from_str(&self.ask(&["prog", "show", name, "--json"])?)?;
            if shown[0]["attached"] == false {
                self.ask(&[&["prog", "attach", name], hook].concat())?;
            }
        }
        drop(line);
        self.settle()
    }

    /// Waits until all run.
    pub(super) fn settle(&mut self) -> Result<()> {
        // A service that restarts itself lives on for a moment, to answer.
        thread::sleep(Duration::from_millis(20));
        self.soon("not all run", Snapshot::all_run)
    }

    /// A program that was stopped gets a new cell, with all its lives.
    pub(super) fn renew(&self) -> Result<()> {
        let _line = self.load.hold();
        for name in PROGRAMS {
            if self.snapshot()?.programs.get(name).is_some_and(|program| program.strikes > 1) {
                self.replace(name)?;
            }
        }
        Ok(())
    }

    /// All code is what the files say.
    pub(super) fn verify_code(&self) -> Result<()> {
        for (name, image) in &self.images {
            let target = if name == "cell" { CELLS } else { name };
            if let Some(page) = image.differs(&self.ram, &self.vspace(target)?)? {
                bail!("the code of {target} at {:#x} is not what its file says", page.vaddr);
            }
        }
        Ok(())
    }
}
