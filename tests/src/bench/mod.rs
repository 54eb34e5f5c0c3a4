//! The system's figures, counted in instructions: under `-icount shift=0` a tick of the time stamp counter is one.

pub mod page;

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

/// A round trip of the raw kernel: Call and `ReplyRecv` without words between two address spaces at one priority, fast
/// path, release, written in assembler. The later kernels' is that of threads without FPU on 16.0.0.
pub fn raw_round_trip(kernel: &str) -> u64 {
    if kernel.starts_with("seL4 5.") { 375 } else { 457 }
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
    figures.extend(services(bench, raw_round_trip(&kernel))?);
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
    let line = console.lines().find(|line| line.contains("hypOS ready")).context("no ready line")?;
    let number = |before: &str, after: &str| -> Result<u64> {
        let text = line.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        Ok(text.with_context(|| format!("no figure in {line:?}"))?.0.parse()?)
    };
    let image = image_bytes(images)?;
    let figures = vec![
        figure("root task's entry to ready", "instructions", number("(", " ticks")?, 5_000_000),
        figure("memory in use when ready", "KiB", number("memory: ", " of")?, 4096),
        figure("image: kernel, root task, services", "KiB", image.div_ceil(1024), 1024),
    ];
    Ok((kernel, figures))
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

/// Boots the bench programs, built into `images`, and reads their counts.
fn services(images: &Path, raw_round_trip: u64) -> Result<Vec<Figure>> {
    let raw = Counts::take(&images.join("bench-server"))?;
    let cells = Counts::take(&images.join("cell"))?;
    let count = |name| raw.of(name);
    let open = |name, key| -> Result<Figure> {
        Ok(Figure { name, unit: "instructions", value: count(key)?, limit: None })
    };
    Ok(vec![
        figure(
            "typed call and reply, no words, two services",
            "instructions",
            count("call0")?,
            raw_round_trip * 105 / 100,
        ),
        open("the same with four words, one back", "event")?,
        open("a call of a server of higher priority", "timer")?,
        figure("a hook without programs", "instructions", count("hook")?, 3),
        figure("an event to a cell and its verdict", "instructions", cells.of("event")?, 700),
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
    let open = |name, unit, value| Figure { name, unit, value, limit: None };
    let figures = vec![
        open("round trip of the raw kernel, no words", instructions, raw_round_trip(&kernel)),
        figure("an event to a cell and its verdict", instructions, event, 700),
        figure("a cell is spawned", instructions, count("spawn")?, 400_000),
        open("a cell is killed", instructions, count("kill")?),
        figure("a service is killed and built again", instructions, count("rebuild")?, 500_000),
        figure("from the last event to the first of the other", instructions, count("replace")?, 5_000),
        open("spawn of one of 64, on average", instructions, count("cells")?),
        figure("memory in use with 64 cells, of 64 MiB", "KiB", count("memory")?, 65_536),
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
        system.hypctl(&["prog", "attach", "two", "timer", "--period", "10ms"])?;
        system.wait_for("bench done").map(Self)
    }

    /// Ticks in a millisecond, by what the root task says of its boot.
    fn ticks_per_ms(&self) -> Result<u64> {
        let line = self.0.lines().find(|line| line.contains("hypOS ready")).context("no ready line")?;
        let number =
            |before: &str, after: &str| line.split_once(before)?.1.split_once(after)?.0.parse::<f64>().ok();
        let ticks = number("(", " ticks").zip(number("ready ", " ms"));
        let (ticks, ms) = ticks.with_context(|| format!("no times in {line:?}"))?;
        Ok((ticks / ms) as u64)
    }

    fn of(&self, name: &str) -> Result<u64> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once("bench ")?.1.split_once(' '));
        let (_, value) = lines.find(|(n, _)| *n == name).with_context(|| format!("no count of {name}"))?;
        Ok(value.trim().parse()?)
    }
}

fn figure(name: &'static str, unit: &'static str, value: u64, limit: u64) -> Figure {
    Figure { name, unit, value, limit: Some(limit) }
}
