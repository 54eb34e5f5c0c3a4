//! The unverified system with a victim on it, attacks upon it, and what must hold after each.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bpf_runtime::bundle::Contents;
use hypctl::{
    client::{Client, Repeat},
    device::Address,
    elf,
};
use hypos_tests::{Options, System, bpf, tools};
use proto::host::{LoadRequest, TraceRequest, UploadRequest, request};
use serde_json::Value;

use crate::order::{ATTACKER, Order};

/// How long one attack may take: machines are slow, and a fault a page adds up.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of a piece of a bundle.
const PIECE: usize = 1024;

/// Counts its events, and those that came out of order.
const VICTIM: &str = "struct value { __u64 count, last, wrong; };\n\
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct value); } victim_map SEC(\".maps\");\n\
    SEC(\"timer\") int victim(struct hypos_timer *ctx) { __u32 key = 0;\n\
    struct value *v = bpf_map_lookup_elem(&victim_map, &key); if (!v) return 0;\n\
    if (v->count && ctx->count <= v->last) v->wrong++; v->count++; v->last = ctx->count; return 0; }\n";

/// The system, its victim, and what it had before the first attack.
#[derive(Debug)]
pub struct Scene {
    pub system: System,
    pub dir: tempfile::TempDir,
    baseline: [u64; 5],
    /// Time from one of an attacker's events to the next.
    pub period: &'static str,
    /// Events that attackers answered.
    answered: u64,
}

/// What became of an attack.
#[derive(Clone)]
pub struct Outcome {
    /// By attempt: `BEGUN` and so on of `tests/attack/attack.c`.
    pub log: Vec<u8>,
    /// Why its cell was stopped, each time that the log of events still has.
    pub stops: Vec<String>,
    /// How often it was stopped.
    pub faults: u64,
    /// Events that it answered, as it says itself.
    pub answered: u64,
}

/// What an attempt has become that faulted, or survived.
pub const BEGUN: u8 = 1;
pub const SURVIVED: u8 = 2;
/// What answered has this added to the answer's label.
pub const ANSWERED: u8 = 16;

/// The bytes of a map's entry as the command line prints them.
pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    let bytes = value.as_array()?.iter().map(|byte| byte.as_str());
    bytes.map(|byte| u8::from_str_radix(byte?.trim_start_matches("0x"), 16).ok()).collect()
}

/// The little-endian words of bytes.
pub fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// The folder of the image that believes everything.
pub fn images() -> PathBuf {
    let mut images = tools::images();
    images.set_file_name(format!("{}-unverified", tools::board().replace('/', "-")));
    images
}

impl Scene {
    /// Boots the image that believes everything.
    pub fn new() -> Result<Self> {
        let images = images();
        ensure!(images.join("root-task.elf").is_file(), "no {}; run scripts/unverified.sh", images.display());
        let system = System::boot(&Options { images, ..Options::default() })?;
        system.wait_for("UNVERIFIED")?;
        let dir = tempfile::tempdir()?;
        let object = bpf::compile(dir.path(), "victim", VICTIM)?;
        system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
        system.hypctl(&["prog", "attach", "victim", "timer", "--period", "1ms"])?;
        let mut scene = Self { system, dir, baseline: [0; 5], period: "1ms", answered: 0 };
        scene.baseline = scene.possessions()?;
        Ok(scene)
    }

    /// Memory in use and free, programs, maps.
    fn possessions(&self) -> Result<[u64; 5]> {
        let status = self.system.json(&["status"])?;
        let field = |name: &str| status[name].as_u64().with_context(|| format!("status has no {name}"));
        Ok([
            field("memory_used")?,
            field("program_memory_free")?,
            field("map_memory_free")?,
            field("programs")?,
            field("maps")?,
        ])
    }

    /// Loads a bundle past the host's verifier.
    pub fn load(&self, contents: &Contents) -> Result<()> {
        let bundle = elf::bundle(contents)?;
        let mut client = Client::open(Address::Unix(self.system.socket()), Duration::from_secs(20))?;
        for (i, piece) in bundle.chunks(PIECE).enumerate() {
            let upload = UploadRequest { offset: (i * PIECE) as u32, data: piece.to_vec() };
            client.request(Repeat::Yes, &request::Body::Upload(upload))?;
        }
        client.request(Repeat::No, &request::Body::Load(LoadRequest { size: bundle.len() as u32 }))?;
        Ok(())
    }

    /// Asks for what programs printed and put into rings, once: there may be nothing.
    pub fn trace(&self) -> Result<()> {
        let mut client = Client::open(Address::Unix(self.system.socket()), Duration::from_secs(20))?;
        client.request(Repeat::No, &request::Body::Trace(TraceRequest::default()))?;
        Ok(())
    }

    /// Has an order carried out, until the attacker has answered an event.
    pub fn attack(&mut self, order: &Order) -> Result<Outcome> {
        self.attack_until(order, |program| program["runs"] != 0)
    }

    /// Has an order carried out until `prog show` says so of the attacker; then takes it away and looks after everybody.
    pub fn attack_until(&mut self, order: &Order, done: impl Fn(&Value) -> bool) -> Result<Outcome> {
        self.load(&order.bundle(Contents::default())?)?;
        let outcome = self.run(ATTACKER, done)?;
        self.take_away(&[ATTACKER])?;
        Ok(outcome)
    }

    /// What becomes of each attempt: why its cell was stopped, or what it was answered.
    pub fn each(&mut self, order: &Order) -> Result<Vec<String>> {
        let mut all = Vec::new();
        let (mut first, end) = order.attempts;
        while first < end {
            // As many as the log of events has room for.
            let next = end.min(first + 24);
            let outcome = self.attack(&Order { attempts: (first, next), ..order.clone() })?;
            let mut stops = outcome.stops.iter();
            for became in &outcome.log[first as usize..next as usize] {
                all.push(match *became {
                    BEGUN => short(stops.next().context("it was not stopped")?),
                    answer => survived(answer),
                });
            }
            ensure!(stops.next().is_none(), "{:?}", outcome.stops);
            first = next;
        }
        Ok(all)
    }

    /// Attaches a program that is loaded, and detaches it when `prog show` says so.
    pub fn run(&mut self, name: &str, done: impl Fn(&Value) -> bool) -> Result<Outcome> {
        let before = self.now()?;
        self.system.hypctl(&["prog", "attach", name, "timer", "--period", self.period])?;
        let end = Instant::now() + PATIENCE;
        while !done(&self.program(name).with_context(|| self.tail())?) {
            if Instant::now() > end {
                bail!("{name} goes on and on: {}\n{}", self.program(name)?, self.system.console());
            }
            thread::sleep(Duration::from_millis(100));
        }
        self.system.hypctl(&["prog", "detach", name])?;
        let outcome = self.outcome(name, before)?;
        self.answered += outcome.answered;
        Ok(outcome)
    }

    /// The end of what the console shows.
    fn tail(&self) -> String {
        let console = self.system.console();
        let lines: Vec<_> = console.lines().rev().take(40).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// What `prog show` says of a program.
    pub fn program(&self, name: &str) -> Result<Value> {
        // Beside an attack the agent may be slow.
        Ok(self.system.json(&["--timeout", "30s", "prog", "show", name])?[0].clone())
    }

    fn now(&self) -> Result<u64> {
        let events = self.system.json(&["events"])?;
        Ok(events.as_array().and_then(|all| all.last()).and_then(|e| e["time_ns"].as_u64()).unwrap_or(0))
    }

    fn outcome(&self, name: &str, after: u64) -> Result<Outcome> {
        let faults = self.program(name)?["faults"].as_u64().context("faults")?;
        let events = self.system.json(&["events"])?;
        let of_it = |e: &&Value| {
            e["subject"] == name
                && e["time_ns"].as_u64() > Some(after)
                && (e["kind"] == "fault" || e["kind"] == "over_budget")
        };
        let all = events.as_array().into_iter().flatten();
        let stops = all.filter(of_it).filter_map(|e| Some(e["text"].as_str()?.to_owned())).collect();
        if name != ATTACKER {
            return Ok(Outcome { log: Vec::new(), stops, faults, answered: 0 });
        }
        Ok(Outcome { log: self.value("attack_log", 0)?, stops, faults, answered: self.order()?[4] })
    }

    /// The attacker's order, as it has left it.
    pub fn order(&self) -> Result<Vec<u64>> {
        Ok(words(&self.value("attack_order", 0)?))
    }

    /// An entry of an array.
    pub fn value(&self, map: &str, entry: usize) -> Result<Vec<u8>> {
        let dump = self.system.json(&["map", "dump", map])?;
        bytes(&dump[entry]["value"]).with_context(|| format!("{map}: {dump}"))
    }

    /// Unloads programs; then all is as it was before the first attack.
    pub fn take_away(&self, programs: &[&str]) -> Result<()> {
        for program in programs {
            self.system.hypctl(&["prog", "unload", program])?;
        }
        self.unharmed()
    }

    /// All services run and were never restarted, memory is back, the victim goes on.
    pub fn unharmed(&self) -> Result<()> {
        for service in self.system.json(&["services"])?.as_array().context("a list")? {
            ensure!(
                service["restarts"] == 0 && service["state"] == "running" && service["last_fault"] == "",
                "{service}\n{}",
                self.system.console()
            );
        }
        let now = self.possessions()?;
        ensure!(now == self.baseline, "memory, programs, maps: {:?} became {now:?}", self.baseline);
        let victim = self.program("victim")?;
        ensure!(victim["faults"] == 0 && victim["state"] == "running", "{victim}");
        self.system.counts_up("victim")?;
        self.system.check_sound()
    }

    /// So many events were answered besides.
    pub fn answered_more(&mut self, events: u64) {
        self.answered += events;
    }

    /// So many events less were answered, as their sender sees it.
    pub fn answered_less(&mut self, events: u64) {
        self.answered -= events;
    }

    /// At the end: the victim got each of its events once, in order; what attackers got, they answered or faulted at.
    pub fn end(&self) -> Result<()> {
        self.unharmed()?;
        self.system.hypctl(&["prog", "detach", "victim"])?;
        let [count, _, wrong] = words(&self.value("victim_map", 0)?)[..] else { bail!("another value") };
        ensure!(wrong == 0, "{wrong} events came out of order");
        ensure!(self.system.runs("victim")? == count, "it counted {count}");
        let counters = self.system.json(&["services", "tick"])?[0]["counters"].clone();
        let counter = |name: &str| counters[name]["value"].as_u64().context("a counter");
        let (sent, failed) = (counter("hook_events")?, counter("hook_failures")?);
        ensure!(
            sent == failed + count + self.answered,
            "{sent} events, {failed} failed, {count} the victim's, {} the attackers'",
            self.answered
        );
        Ok(())
    }
}

/// A stop without what changes from build to build: the instruction's address, registers, sizes.
pub fn short(stop: &str) -> String {
    let changes =
        |part: &&str| !["ip ", "sp ", "address ", "fsr ", "code "].iter().any(|word| part.starts_with(word));
    stop.split(", ").filter(changes).collect::<Vec<_>>().join(", ")
}

/// What an attempt came to that was not stopped.
pub fn survived(became: u8) -> String {
    match became.checked_sub(ANSWERED) {
        Some(label) => answered(label),
        None => "goes on".into(),
    }
}

/// The kernel's answer to an invocation (`seL4_Error`).
fn answered(label: u8) -> String {
    const ERRORS: [&str; 11] = [
        "answered: done",
        "InvalidArgument",
        "InvalidCapability",
        "IllegalOperation",
        "RangeError",
        "AlignmentError",
        "FailedLookup",
        "TruncatedMessage",
        "DeleteFirst",
        "RevokeFirst",
        "NotEnoughMemory",
    ];
    match ERRORS.get(usize::from(label)) {
        Some(error) if label > 0 => format!("refused: {error}"),
        _ => format!("answered: {label}"),
    }
}
