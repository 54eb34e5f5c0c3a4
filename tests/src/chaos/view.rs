//! What the system says of itself, read out of the pages that it shares with the agent, without asking it: also while
//! nobody would answer.

use std::{collections::BTreeMap, sync::atomic::AtomicU64};

use anyhow::{Context, Result, anyhow};
use bpf_runtime::map::Map;
use caps::Region;
use cell::ledger::{self, Ledger};
use report::{
    Report, State,
    cells::Cells,
    counters::Counters,
    events::{Kind, Log},
};
use shm::Shm;

use super::ram::{PAGE, Ram, VSpace};

/// Where in `agent::COUNTERS` the page of a service is: the order of `metrics::SOURCES`.
const PAGES: [&str; 5] = ["timer", "tick", "serial", "agent", "metrics"];

/// Programs on the hook `timer`, and their period.
const TIMERS: u64 = 2;
const PERIOD_NS: u64 = 1_000_000;

/// The agent's view of shared memory. These pages stay where they are over all restarts.
#[derive(Debug)]
pub struct View(VSpace);

/// How a service or a program is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// None: a word that means nothing.
    pub state: Option<State>,
    /// Restarts of a service, stops of a cell.
    pub count: u32,
    /// Faults of late.
    pub strikes: u32,
    /// The last fault.
    pub fault: String,
    /// A program's slot in the ledger.
    pub slot: usize,
    /// A program's number, which it has alone.
    pub id: u32,
}

impl Health {
    fn runs(&self) -> bool {
        self.state == Some(State::Running)
    }
}

/// What a program of the load has counted; its map's one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events.
    pub events: u64,
    /// When the last one was due.
    pub last_ns: u64,
    /// Events that were not due later than the one before: seen twice.
    pub again: u64,
    /// Periods for which no event came.
    pub missed: u64,
    /// When the last one came.
    pub now_ns: u64,
}

/// All of it at one time.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Services by name.
    pub services: BTreeMap<String, Health>,
    /// Programs by name.
    pub programs: BTreeMap<String, Health>,
    /// More programs than names: two have the same.
    pub twins: bool,
    /// Bytes in use.
    pub memory_used: u64,
    /// Counters by service and name.
    pub counters: BTreeMap<(&'static str, String), u64>,
    /// What programs counted, by map.
    pub tallies: BTreeMap<String, Tally>,
    /// When the root task last said that something runs again.
    pub again_ns: u64,
}

impl Snapshot {
    /// Whether all services and cells run.
    pub fn all_run(&self) -> bool {
        self.services_run() && self.programs.values().all(Health::runs)
    }

    /// Whether all services run.
    pub fn services_run(&self) -> bool {
        self.services.values().all(Health::runs)
    }

    /// A counter; 0 if there is none.
    pub fn counter(&self, service: &'static str, name: &str) -> u64 {
        self.counters.get(&(service, name.to_owned())).copied().unwrap_or(0)
    }

    /// Events that the hook `timer` had answered, less those that programs counted.
    pub fn drift(&self) -> i64 {
        let answered =
            self.counter("tick", "hook_events").wrapping_sub(self.counter("tick", "hook_failures"));
        self.tallies.values().fold(answered, |left, tally| left.wrapping_sub(tally.events)) as i64
    }

    /// The system's time, in ns, by the events of both timers that the owner of the hook has sent: a program that a turned bit made
    /// tell a wrong time does not change it. It stands still while the hook does, and leaves out what was skipped.
    pub fn now_ns(&self) -> u64 {
        self.counter("tick", "hook_events").saturating_mul(PERIOD_NS / TIMERS)
    }

    /// The time of the latest event, as programs tell it.
    pub fn told_ns(&self) -> u64 {
        self.tallies.values().map(|tally| tally.now_ns).max().unwrap_or(0)
    }
}

impl View {
    /// What the agent with this address space shares with others.
    pub const fn new(agent: VSpace) -> Self {
        Self(agent)
    }

    fn words(&self, ram: &Ram, region: Region) -> Result<Vec<AtomicU64>> {
        let mut words = Vec::with_capacity(region.len() / 8);
        for vaddr in (region.vaddr..region.end()).step_by(PAGE) {
            let mut bytes = [0; PAGE];
            ram.read(self.0.paddr(vaddr).context("the agent has another layout")?, &mut bytes)?;
            words.extend(bytes.as_chunks().0.iter().map(|word| AtomicU64::new(u64::from_le_bytes(*word))));
        }
        Ok(words)
    }

    /// All of it, as it is now.
    ///
    /// # Errors
    /// What is read is not what the layout says.
    pub fn snapshot(&self, ram: &Ram) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        let page = self.words(ram, agent::REPORT)?;
        let report = Report::new(Shm::from_words(&page));
        let summary = report.summary().map_err(|_| anyhow!("no report"))?;
        snapshot.memory_used = summary.memory_used;
        for index in 0..summary.services {
            let service = report.service(index).map_err(|_| anyhow!("no service {index}"))?;
            let health = Health {
                state: service.state,
                count: service.restarts,
                strikes: service.strikes,
                fault: service.last_fault.as_str().to_owned(),
                slot: 0,
                id: 0,
            };
            snapshot.services.insert(service.name.as_str().to_owned(), health);
        }
        self.programs(ram, &mut snapshot)?;
        for (name, region) in PAGES.into_iter().zip(agent::COUNTERS) {
            let page = self.words(ram, region)?;
            let counters = Counters::new(Shm::from_words(&page));
            for (counter, value) in (0..counters.len()).filter_map(|index| counters.get(index).ok()) {
                snapshot.counters.insert((name, counter.as_str().to_owned()), value);
            }
        }
        let page = self.words(ram, agent::EVENTS_ROOT)?;
        let log = Log::new(Shm::from_words(&page)).map_err(|_| anyhow!("no log"))?;
        let again = [Kind::Running as u32, Kind::Restart as u32];
        let events = log.numbers().filter_map(|number| log.get(number));
        snapshot.again_ns =
            events.filter(|event| again.contains(&event.kind)).map(|event| event.time_ns).max().unwrap_or(0);
        Ok(snapshot)
    }

    fn programs(&self, ram: &Ram, snapshot: &mut Snapshot) -> Result<()> {
        let (noted, cells) = (self.words(ram, agent::LEDGER)?, self.words(ram, agent::CELLS)?);
        let (noted, cells) = (Ledger(Shm::from_words(&noted)), Cells(Shm::from_words(&cells)));
        for slot in 0..cell::CELLS {
            let (Some(program), Ok(cell)) = (noted.program(slot), cells.get(slot)) else { continue };
            let fault = cell.why.as_str().to_owned();
            let (stops, id) = (cell.stops, program.meta.id);
            let health = Health { state: cell.state, count: stops, strikes: stops, fault, slot, id };
            snapshot.twins |= snapshot.programs.insert(text(&program.meta.name), health).is_some();
        }
        for map in (0..ledger::MAPS).filter_map(|place| noted.map(place)) {
            let region =
                Region::at(agent::MAPS.vaddr + u64::from(map.offset), u64::from(map.bytes) / PAGE as u64);
            let words = self.words(ram, region)?;
            let Ok(open) = Map::open(Shm::from_words(&words)) else { continue };
            let Some(value) = open.value(0).filter(|value| value.len() == size_of::<Tally>()) else {
                continue;
            };
            let word = |i: usize| value.load(8 * i, 8).unwrap_or(0);
            let tally =
                Tally { events: word(0), last_ns: word(1), again: word(2), missed: word(3), now_ns: word(4) };
            snapshot.tallies.insert(text(&map.name), tally);
        }
        Ok(())
    }
}

/// A name up to its padding.
fn text(padded: &[u8]) -> String {
    String::from_utf8_lossy(padded).trim_end_matches('\0').to_owned()
}
