//! One injection: done, watched, and all checked that has to be as before.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use report::State;

use super::{
    CELLS, Chaos, PROGRAMS,
    heal::SAMPLING,
    inject::{Done, Injection, Kind},
    view::{Health, Snapshot},
};

/// How long it may take until an injection is noticed, and all runs again, of the system's time: longer than the most
/// patient policy.
const PATIENCE_NS: u64 = 10_000_000_000;
/// The same of the host's, where the system's time stands still.
const PATIENCE: Duration = Duration::from_secs(30);
/// Snapshots at different times, of which the best is taken.
const STILLS: usize = 4;
/// Events for which a turned bit may go unnoticed before it counts as having no effect; more than the sampler's second if
/// it is the sampler's or the timer's, in which there must be a sample.
pub(super) const QUIET: u64 = 300;
const QUIET_SAMPLER: u64 = 1_200;

/// How the system came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recovery {
    /// By itself: the fault was noticed and its component built again.
    Itself,
    /// The component was replaced by the load before it was noticed.
    Replaced,
    /// Nothing was to be seen; what was hurt was built again, or turned back.
    Unseen,
    /// Something did not work; building the component again at the host's request cured it.
    Request,
    /// Something did not work, the control line among it; killing the component cured it.
    Kill,
}

/// What came of an injection.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub what: String,
    /// How the system came back.
    pub recovery: Recovery,
    /// From the injection until all runs again, in ns of the system's time, for those that came back by themselves.
    pub took_ns: u64,
    /// Periods of 1 ms for which a program got no event, all programs together.
    pub missed: u64,
    /// Events that were answered with an error, because their cell was down.
    pub failed: u64,
    /// What the agent or a program has got wrong, unnoticed; for turned bits only.
    pub damage: bool,
}

impl Chaos {
    /// Does one injection.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn step(&mut self, injection: &Injection) -> Result<(Outcome, Option<anyhow::Error>)> {
        let before = self.still()?;
        let done = self.inject(injection)?;
        let mut outcome = Outcome {
            what: done.what.clone(),
            recovery: Recovery::Unseen,
            took_ns: 0,
            missed: 0,
            failed: 0,
            damage: false,
        };
        let result = self.follow(injection, &done, &before, &mut outcome);
        Ok((outcome, result.err()))
    }

    fn follow(
        &mut self,
        injection: &Injection,
        done: &Done,
        before: &Snapshot,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let seen = match injection.kind {
            Kind::FlipShared => self.watch_shared(before).map(|()| None)?,
            _ => self.watch(injection, before)?,
        };
        if let Some(recovery) = seen {
            outcome.recovery = recovery;
            let again_ns = self.snapshot()?.again_ns;
            outcome.took_ns = again_ns.saturating_sub(before.told_ns());
        }
        outcome.recovery = self.heal(injection, done, before, outcome.recovery)?;
        self.verify(injection, before, outcome)
    }

    /// Waits until the injection was noticed and all runs again, or it seems to have no effect. Meanwhile somebody types.
    fn watch(&mut self, injection: &Injection, before: &Snapshot) -> Result<Option<Recovery>> {
        let slow = SAMPLING.contains(&injection.target.as_str());
        let quiet = if slow { QUIET_SAMPLER } else { QUIET };
        let asked = self.asked();
        let mut moved = (Instant::now(), before.now_ns());
        loop {
            let _ = self.system.type_in(b"x");
            let now = self.snapshot()?;
            if now.now_ns() != moved.1 {
                moved = (Instant::now(), now.now_ns());
            }
            let noticed = self.noticed(injection, before, &now);
            if noticed.is_some() && now.all_run() {
                return Ok(noticed);
            }
            if !injection.kind.is_deadly() {
                let events = |of: &Snapshot| of.counter("tick", "hook_events");
                let passed = events(&now).saturating_sub(events(before));
                let quiet = passed / 2 >= quiet && self.asked() >= asked + 4;
                if noticed.is_none() && (quiet || moved.0.elapsed() > Duration::from_secs(8)) {
                    return Ok(None);
                }
            }
            let mut all = now.services.iter().chain(&now.programs);
            if let Some((name, health)) = all.find(|(_, health)| health.state == Some(State::Stopped)) {
                if injection.may_miscompile() && now.services_run() {
                    return Ok(noticed);
                }
                bail!("{name} stays stopped: {health:?}");
            }
            let late =
                now.now_ns().saturating_sub(before.now_ns()) > PATIENCE_NS || moved.0.elapsed() > PATIENCE;
            if late && noticed.is_none() && !injection.kind.is_deadly() {
                // A busy host kept the load from asking.
                return Ok(None);
            }
            ensure!(!late, "not noticed, or not recovered: {now:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether the component was built again since.
    fn noticed(&self, injection: &Injection, before: &Snapshot, now: &Snapshot) -> Option<Recovery> {
        let target = injection.target.as_str();
        if let (Some(was), Some(now)) = (before.services.get(target), now.services.get(target)) {
            return faulted(was, now).then_some(Recovery::Itself);
        }
        let pair = |name: &str| Some((before.programs.get(name)?, now.programs.get(name)?));
        let names: Vec<&str> = if target == CELLS { PROGRAMS.to_vec() } else { vec![target] };
        let pairs: Vec<_> = names.into_iter().filter_map(pair).collect();
        if pairs.iter().any(|(was, now)| was.id == now.id && faulted(was, now)) {
            return Some(Recovery::Itself);
        }
        // The only cell that met what is wrong with the program of all may have been replaced then, and its faults with it.
        let healed = || target != CELLS || injection.kind.is_deadly() && self.verify_code().is_ok();
        let replaced = pairs.iter().any(|(was, now)| was.id != now.id);
        (replaced && healed()).then_some(Recovery::Replaced)
    }

    pub(super) fn asked(&self) -> u64 {
        let (good, bad) = self.load.counts();
        good + bad
    }

    /// A snapshot in which no event is on its way: the machine stands still, and the sums fit as well as they ever do.
    pub(super) fn still(&self) -> Result<Snapshot> {
        let (mut best, mut seen): (Option<Snapshot>, BTreeSet<u64>) = (None, BTreeSet::new());
        let start = Instant::now();
        while seen.len() < STILLS && start.elapsed() < PATIENCE {
            let gdb = crate::gdb::Gdb::connect(&self.system.path("gdb"))?;
            let snapshot = self.snapshot();
            gdb.go()?;
            let snapshot = snapshot?;
            // A busy host may not have let it run in between.
            seen.insert(snapshot.told_ns());
            // An event that was counted by a program and not yet by the hook's owner makes it smaller.
            if best.as_ref().is_none_or(|best| snapshot.drift() > best.drift()) {
                best = Some(snapshot);
            }
            thread::sleep(Duration::from_millis(1));
        }
        best.ok_or_else(|| anyhow::anyhow!("no snapshot"))
    }

    /// Everything is as it was.
    fn verify(&mut self, injection: &Injection, before: &Snapshot, outcome: &mut Outcome) -> Result<()> {
        let line = self.load.hold();
        let silent = injection.kind.turns_a_bit();
        // The owner of shared memory, if that was built again because we asked for it.
        let owner = injection.target.split_once('/').filter(|_| outcome.recovery == Recovery::Request);
        let owner = owner.map_or("", |(of, _)| of);
        let now = self.still()?;
        ensure!(now.all_run(), "not all run: {now:?}");
        for (name, health) in &now.services {
            let was = before.services.get(name).with_context(|| format!("{name} is new"))?;
            ensure!(
                *name == injection.target || *name == owner || !faulted(was, health),
                "{name} was hurt too: {was:?}, now {health:?}"
            );
        }
        for (name, health) in &now.programs {
            let Some(was) = before.programs.get(name).filter(|was| was.id == health.id) else { continue };
            let hit = *name == injection.target || injection.target == CELLS;
            ensure!(hit || !faulted(was, health), "{name} was hurt too: {was:?}, now {health:?}");
        }
        let missed = |snapshot: &Snapshot| {
            snapshot.tallies.values().fold(0_u64, |sum, tally| sum.saturating_add(tally.missed))
        };
        let failures = |snapshot: &Snapshot| snapshot.counter("tick", "hook_failures");
        outcome.missed = missed(&now).saturating_sub(missed(before));
        outcome.failed = failures(&now).saturating_sub(failures(before));
        // Cells in flight count an event that failed; a killed owner has not counted its last round.
        let in_flight = if injection.target == "tick"
            || PROGRAMS.contains(&injection.target.as_str())
            || injection.target == CELLS
        {
            4
        } else {
            0
        };
        let lost = before.drift().wrapping_sub(now.drift());
        let pairs = now.tallies.values().zip(before.tallies.values());
        let again =
            pairs.fold(0_u64, |sum, (now, was)| sum.saturating_add(now.again.saturating_sub(was.again)));
        let exact = (0..=in_flight).contains(&lost) && again == 0;
        outcome.damage |= !exact && silent;
        ensure!(exact || silent, "{lost} events were counted by programs only, {again} twice");
        drop(line);
        self.verify_code()?;
        for (name, health) in &now.services {
            if before.services.get(name).is_none_or(|was| was.count != health.count) {
                self.started.insert(name.clone(), now.now_ns());
            }
        }
        self.renew()
    }
}

fn faulted(was: &Health, now: &Health) -> bool {
    now.count > was.count || now.strikes > was.strikes
}
