//! The unverified system with a victim on it, attacks upon it, and what must hold after each.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use hypos_tests::{Options, System, bpf, gdb::Gdb, qemu::PATIENCE, tools};
use proto::host::EventsRequest;
use serde_json::Value;

use crate::outcome::words;

/// Time goes by as instructions are executed, 8 ns each, and skips what nobody uses: a host that is busy with other things does
/// not make the watchdog take anybody for hanging, and waiting for the watchdog takes no time.
const TIME: [&str; 2] = ["-icount", "shift=3,sleep=off"];
/// How long hypctl waits for an answer: beside an attack, or on a busy host, the agent is slow.
const ANSWER: [&str; 2] = ["--timeout", "30s"];

/// Registers of x86_64 by their numbers in QEMU's `target/i386/gdbstub.c`.
const RIP: u32 = 16;
const EFLAGS: u32 = 17;
const CS: u32 = 18;
/// The flag that lets interrupts in, and the bits of a code segment that are set in programs.
const INTERRUPTS: u64 = 1 << 9;
const USER: u64 = 3;

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
    pub answered: u64,
    /// The events of the log that were not looked at yet.
    pub seen: EventsRequest,
}

/// The folder of the image that believes everything.
pub fn images() -> PathBuf {
    let mut images = tools::images().into_os_string();
    images.push("-unverified");
    images.into()
}

impl Scene {
    /// Boots the image that believes everything.
    pub fn new() -> Result<Self> {
        let images = images();
        let there = tools::image_files(&images)?.iter().all(|file| file.is_file());
        ensure!(there, "no {}; run scripts/unverified.sh", images.display());
        let args = TIME.map(str::to_owned).to_vec();
        let system = System::boot(&Options { images, args, ..Options::default() })?;
        system.wait_for("UNVERIFIED")?;
        let dir = tempfile::tempdir()?;
        let object = bpf::compile(dir.path(), "victim", VICTIM)?;
        let mut scene = Self {
            system,
            dir,
            baseline: [0; 5],
            period: "1ms",
            answered: 0,
            seen: EventsRequest::default(),
        };
        scene.hypctl(&["prog", "load", &object.to_string_lossy()])?;
        scene.hypctl(&["prog", "attach", "victim", "timer", "--period", "1ms"])?;
        scene.baseline = scene.possessions()?;
        Ok(scene)
    }

    /// Runs hypctl.
    pub fn hypctl(&self, args: &[&str]) -> Result<String> {
        self.system.hypctl(&[&ANSWER, args].concat())
    }

    /// What hypctl prints with `--json`.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        self.system.json(&[&ANSWER, args].concat())
    }

    /// How often a program ran.
    pub fn runs(&self, name: &str) -> Result<u64> {
        self.program(name)?["runs"].as_u64().context("a program has runs")
    }

    /// Waits until a program has run once more.
    pub fn counts_up(&self, name: &str) -> Result<()> {
        let (before, end) = (self.runs(name)?, Instant::now() + PATIENCE);
        while self.runs(name)? <= before {
            ensure!(Instant::now() < end, "{name} does not run:\n{}", self.system.console());
        }
        Ok(())
    }

    /// Memory in use and free, programs, maps.
    fn possessions(&self) -> Result<[u64; 5]> {
        let status = self.json(&["status"])?;
        let field = |name: &str| status[name].as_u64().with_context(|| format!("status has no {name}"));
        Ok([
            field("memory_used")?,
            field("program_memory_free")?,
            field("map_memory_free")?,
            field("programs")?,
            field("maps")?,
        ])
    }

    /// Unloads programs; then all is as it was before the first attack.
    pub fn take_away(&self, programs: &[&str]) -> Result<()> {
        for program in programs {
            self.hypctl(&["prog", "unload", program])?;
        }
        self.unharmed()
    }

    /// All services run and were never restarted, memory is back, the victim goes on.
    pub fn unharmed(&self) -> Result<()> {
        for service in self.json(&["services"])?.as_array().context("a list")? {
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
        self.counts_up("victim")?;
        self.system.check_sound()
    }

    /// Whether the kernel has halted (`halt` in `src/arch/x86/machine.c`): it stands at one instruction with interrupts off, and
    /// so for ever.
    pub fn is_halted(&self) -> Result<bool> {
        let looks: Vec<_> = (0..4).map(|_| self.registers()).collect::<Result<_>>()?;
        Ok(looks.iter().all(|look| look == &looks[0] && look[1] & INTERRUPTS == 0 && look[2] & USER == 0))
    }

    /// Instruction pointer, flags and code segment at this moment.
    fn registers(&self) -> Result<[u64; 3]> {
        let mut gdb = Gdb::connect(&self.system.path("gdb"))?;
        let registers = [gdb.register(RIP)?, gdb.register(EFLAGS)?, gdb.register(CS)?];
        gdb.go()?;
        // As much as tells a kernel that works with interrupts off from one that does nothing any more.
        thread::sleep(Duration::from_millis(100));
        Ok(registers)
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
        let others = self.end_of_victim()?;
        ensure!(others == self.answered, "{others} events were answered, {} by attackers", self.answered);
        Ok(())
    }

    /// At the end: the victim got each of its events once, in order; gives how many events others answered.
    pub fn end_of_victim(&self) -> Result<u64> {
        self.unharmed()?;
        self.hypctl(&["prog", "detach", "victim"])?;
        let [count, _, wrong] = words(&self.value("victim_map", 0)?)[..] else { bail!("another value") };
        ensure!(wrong == 0, "{wrong} events came out of order");
        ensure!(self.runs("victim")? == count, "it counted {count}");
        let counters = self.json(&["services", "tick"])?[0]["counters"].clone();
        let counter = |name: &str| counters[name]["value"].as_u64().context("a counter");
        let (sent, failed) = (counter("hook_events")?, counter("hook_failures")?);
        let others = sent.checked_sub(failed + count);
        others.with_context(|| format!("{sent} events, {failed} failed, {count} the victim's"))
    }
}
