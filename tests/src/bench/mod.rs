//! The system's figures, counted in instructions: under `-icount shift=0` a nanosecond of the counter is one, so a tick is one on
//! x86_64, 16 on aarch64, 100 on riscv64.

mod limits;
pub mod page;
pub mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{Options, System, bpf, tools};

/// A figure, and what it must not exceed.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// Of what.
    pub unit: &'static str,
    /// How much.
    pub value: u64,
    /// The most that is allowed, if anything is promised.
    pub limit: Option<u64>,
}

impl Figure {
    /// Whether it is more than is allowed.
    pub fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.value > limit)
    }
}

/// A kernel's figures.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The kernel, as the system names it.
    pub kernel: String,
    /// What was measured on it.
    pub figures: Vec<Figure>,
}

/// Measures the system in the folder `images` and the bench programs in the folder `bench`.
///
/// # Errors
/// They do not boot, or do not say their figures.
pub fn measure(images: &Path, bench: &Path) -> Result<Sheet> {
    let (kernel, mut figures) = boot(images)?;
    figures.extend(services(bench)?);
    Ok(Sheet { kernel, figures })
}

fn counted(images: PathBuf) -> Options {
    let args = ["-icount", "shift=0,sleep=off"].map(String::from).into();
    Options { images, args, ..Options::default() }
}

/// Boots the system and reads its kernel and its figures off the console.
fn boot(images: &Path) -> Result<(String, Vec<Figure>)> {
    let console = System::boot(&counted(images.to_path_buf()))?.console();
    let kernel = kernel(&console)?;
    let ready = Ready::read(&console)?;
    let (limits, image) = (limits::of(&tools::board()), image_bytes(images)?);
    let figures = vec![
        figure(
            "root task's entry to ready",
            "instructions",
            ready.ticks as u64 * ready.per_tick(),
            limits.boot,
        ),
        figure("memory in use when ready", "KiB", ready.memory_kib, limits.memory_kib),
        figure("image: kernel, root task, services", "KiB", image.div_ceil(1024), limits.image_kib),
    ];
    Ok((kernel, figures))
}

/// What the root task says when all is ready.
struct Ready {
    ms: f64,
    ticks: f64,
    memory_kib: u64,
}

impl Ready {
    fn read(console: &str) -> Result<Self> {
        let line = console.lines().find(|line| line.contains("hypOS ready")).context("no ready line")?;
        let text = |before: &str, after: &str| {
            let text = line.split_once(before).and_then(|(_, rest)| rest.split_once(after));
            Ok::<_, anyhow::Error>(text.with_context(|| format!("no figure in {line:?}"))?.0)
        };
        Ok(Self {
            ms: text("ready ", " ms")?.parse()?,
            ticks: text("(", " ticks")?.parse()?,
            memory_kib: text("memory: ", " of")?.parse()?,
        })
    }

    fn ticks_per_ms(&self) -> u64 {
        (self.ticks / self.ms) as u64
    }

    /// Nanoseconds in a tick: under `-icount shift=0`, instructions.
    fn per_tick(&self) -> u64 {
        (self.ms * 1e6 / self.ticks).round() as u64
    }
}

/// The kernel that a console names.
fn kernel(console: &str) -> Result<String> {
    let rest = console.split_once(" on seL4 ").and_then(|(_, rest)| rest.split_once(','));
    Ok(format!("seL4 {}", rest.context("no kernel's name")?.0))
}

/// Bytes of an image.
///
/// # Errors
/// A file of it is missing.
pub fn image_bytes(images: &Path) -> Result<u64> {
    let sizes = tools::image_files(images)?.into_iter().map(|file| Ok(fs::metadata(&file)?.len()));
    sizes.sum()
}

/// A round trip of the raw kernel.
pub const RAW: &str = "the kernel's bare Call and ReplyRecv, no words";
/// The same, typed.
pub const CALL: &str = "typed call and reply, no words, two services";

/// Boots the bench programs, built into `images`, and reads their counts.
fn services(images: &Path) -> Result<Vec<Figure>> {
    let servers = Counts::take(&images.join("bench-server"))?;
    let cells = Counts::take(&images.join("cell"))?;
    let limits = limits::of(&tools::board());
    let open = |name, key| -> Result<Figure> {
        Ok(Figure { name, unit: "instructions", value: servers.of(key)?, limit: None })
    };
    Ok(vec![
        open(RAW, "raw")?,
        figure(CALL, "instructions", servers.of("call0")?, servers.of("raw")? * 105 / 100),
        open("the same with four words, one back", "event")?,
        open("a call of a server of higher priority", "timer")?,
        figure("a hook without programs", "instructions", servers.of("hook")?, limits.hook),
        figure("an event to a cell and its verdict", "instructions", cells.of("event")?, limits.event),
        open("reading the clock", "clock")?,
        open("a signal to the same priority", "signal")?,
        open("a log record", "log")?,
    ])
}

/// Boots the bench programs of cells, with one in the agent's place, and reads their counts.
///
/// # Errors
/// They do not boot, or do not say their figures.
pub fn cells(images: &Path) -> Result<Sheet> {
    let instructions = "instructions";
    let event = Counts::take(&images.join("cell"))?.of("event")?;
    let counts = Counts(System::boot(&counted(images.join("bench-agent")))?.wait_for("bench cells done")?);
    let (kernel, count) = (kernel(&counts.0)?, |name| counts.of(name));
    let limits = limits::of(&tools::board());
    let open = |name, unit, value| Figure { name, unit, value, limit: None };
    let memory = counts.said("memory")?.parse()?;
    let figures = vec![
        figure("an event to a cell and its verdict", instructions, event, limits.event),
        figure("a cell is spawned", instructions, count("spawn")?, limits.spawn),
        open("a cell is killed", instructions, count("kill")?),
        figure("a service is killed and built again", instructions, count("rebuild")?, limits.rebuild),
        figure(
            "from the last event to the first of the other",
            instructions,
            count("replace")?,
            limits.replace,
        ),
        open("spawn of one of 64, on average", instructions, count("cells")?),
        figure("memory in use with 64 cells, of 64 MiB", "KiB", memory, 65_536),
    ];
    Ok(Sheet { kernel, figures })
}

/// What the client counted.
struct Counts(String);

impl Counts {
    /// Boots the images in a folder, attaches a program of two instructions, and waits for the counts.
    fn take(images: &Path) -> Result<Self> {
        Self::of_events(&System::boot(&counted(images.to_path_buf()))?)
    }

    fn of_events(system: &System) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let object = bpf::compile(dir.path(), "two", "SEC(\"timer\") int two(void *ctx) { return 7; }\n")?;
        system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
        // The benchmarks go before the answer, which may be late then.
        let attached = system.hypctl(&["prog", "attach", "two", "timer", "--period", "10ms"]);
        system.wait_for("bench done").map(Self).or_else(|error| attached.and(Err(error)))
    }

    /// Ticks in a millisecond, by what the root task says of its boot.
    fn ticks_per_ms(&self) -> Result<u64> {
        Ok(Ready::read(&self.0)?.ticks_per_ms())
    }

    /// Instructions, said as `TICKS/TIMES` or `TICKS`.
    fn of(&self, name: &str) -> Result<u64> {
        let (ticks, times) = self.ticks(name)?;
        let instructions = ticks * Ready::read(&self.0)?.per_tick();
        Ok((instructions + times / 2) / times)
    }

    /// Ticks, and for how many times.
    fn ticks(&self, name: &str) -> Result<(u64, u64)> {
        let said = self.said(name)?;
        let (ticks, times) = said.split_once('/').unwrap_or((said, "1"));
        Ok((ticks.parse()?, times.parse::<u64>()?.max(1)))
    }

    fn said(&self, name: &str) -> Result<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once("bench ")?.1.split_once(' '));
        let (_, value) = lines.find(|(n, _)| *n == name).with_context(|| format!("no count of {name}"))?;
        Ok(value.trim())
    }
}

fn figure(name: &'static str, unit: &'static str, value: u64, limit: u64) -> Figure {
    Figure { name, unit, value, limit: Some(limit) }
}
