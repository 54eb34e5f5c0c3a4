//! Runs a kernel on all engines in turn, several times, and takes medians.
use std::{path::Path, process::Command, sync::atomic::AtomicU64};

use anyhow::{Context as _, Error, Result, ensure};
use bpf_runtime::{
    interp::{Env, Program, Workspace},
    isa::Insn,
    map::{ANY, Map, MapKind, MapSpec},
};
use serde_json::{Value, json};
use shm::Shm;

use crate::{
    asm::assemble,
    clock::{median, now},
    kernels::{Kernel, MEMORY, PACKET, memory},
    native::Compiled,
    peers::{Rbpf, Solana, bytes, table},
};

/// Timed rounds; the median counts.
pub const ROUNDS: usize = 11;
/// A round lasts so many nanoseconds at least.
const ROUND_NS: i64 = 4_000_000;
pub const ENGINES: [&str; 7] = [
    "hypOS interpreter",
    "rbpf interpreter",
    "solana-sbpf interpreter",
    "hypOS JIT, proven",
    "hypOS JIT, checks and fuel",
    "rbpf JIT, no checks",
    "native",
];
const MAP: MapSpec = MapSpec { kind: MapKind::Hash, key_size: 4, value_size: 16, max_entries: 128, flags: 0 };

struct Quiet;

impl Env for Quiet {
    fn now_ns(&mut self) -> u64 {
        0
    }

    fn random_u32(&mut self) -> u32 {
        0
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, _: &[u8]) {}
}

/// A kernel's figures.
pub struct Row {
    pub kernel: &'static str,
    /// Executed instructions of one run.
    pub instructions: u64,
    /// Nanoseconds of one run, by engine.
    pub ns: Vec<f64>,
}

impl Row {
    /// Nanoseconds an instruction.
    pub fn per_instruction(&self, engine: usize) -> f64 {
        self.ns[engine] / self.instructions as f64
    }

    /// How many times as fast as the best other interpreter.
    pub fn ratio(&self) -> f64 {
        self.ns[1].min(self.ns[2]) / self.ns[0]
    }

    /// The time of compiled code that was proven, in that of rbpf's, and in that of native code.
    pub fn compiled_ratios(&self) -> [f64; 2] {
        [self.ns[3] / self.ns[5], self.ns[3] / self.ns[6]]
    }

    pub fn json(&self) -> Value {
        let engines: serde_json::Map<String, Value> = ENGINES
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let figures = json!({ "ns": self.ns[i], "ns_per_instruction": self.per_instruction(i) });
                ((*name).to_owned(), figures)
            })
            .collect();
        json!({
            "kernel": self.kernel, "instructions": self.instructions,
            "engines": engines, "times_best_peer_interpreter": self.ratio(),
            "proven_jit_to_rbpf_jit": self.compiled_ratios()[0], "proven_jit_to_native": self.compiled_ratios()[1],
        })
    }
}

/// Runs the kernel on this memory and gives its answer.
pub type Engine<'e> = Box<dyn FnMut(&mut [u8]) -> Result<u64> + 'e>;

/// The engines with a kernel, the memory that all of them work in, and what is in it before each run.
pub struct Bench<'e> {
    pub engines: [Engine<'e>; ENGINES.len()],
    pub memory: &'e mut [u8],
    pub fresh: Vec<u8>,
    /// Executed instructions of one run.
    pub instructions: u64,
}

/// Makes the engines ready for a kernel and has them used.
pub fn with_engines<T>(kernel: &Kernel, used: impl FnOnce(Bench<'_>) -> Result<T>) -> Result<T> {
    let code: Vec<Insn> = assemble(&kernel.text);
    let theirs = bytes(&code);
    let program = Program::new(&code).map_err(Error::msg)?;
    let words: Vec<AtomicU64> = (0..MAP.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(0)).collect();
    let map = Map::create(Shm::from_words(&words), &MAP).map_err(Error::msg)?;
    for key in table().keys() {
        map.update((&key.to_le_bytes()).into(), (&[0; 16]).into(), ANY).ok().context("filling the map")?;
    }
    let maps = [map];
    let fresh = memory(kernel);
    let mut workspace = Workspace::default();
    let instructions = workspace
        .run_with_memory(&program, &mut fresh.clone(), &maps, &mut Quiet, u64::MAX)
        .map_err(Error::msg)?
        .instructions;

    // solana-sbpf's memory is mapped once; all work in this one.
    let shared = vec![0_u8; MEMORY].leak();
    let at = shared.as_mut_ptr();
    let mut solana = Solana::new(&theirs, shared)?;
    // SAFETY: leaked above, bytes; solana-sbpf touches it only while it runs.
    let memory = unsafe { std::slice::from_raw_parts_mut(at, MEMORY) };
    let mut proven = Compiled::new(&code, &maps[0], &words, true)?;
    let mut checked = Compiled::new(&code, &maps[0], &words, false)?;
    let (rbpf, jit) = (Rbpf::new(&theirs, false)?, Rbpf::new(&theirs, true)?);
    let mut table = table();
    let mut lookup = move |key: u32| {
        let value = table.get_mut(&key)?;
        value[0] += 1;
        value[1] += 86;
        Some(value[0])
    };
    let engines: [Engine; ENGINES.len()] = [
        Box::new(|m| {
            let run = workspace.run_with_memory(&program, m, &maps, &mut Quiet, u64::MAX);
            Ok(run.map_err(Error::msg)?.r0)
        }),
        Box::new(|m| rbpf.run(m)),
        Box::new(|_| solana.run()),
        Box::new(|m| proven.run(m)),
        Box::new(|m| checked.run(m)),
        Box::new(|m| jit.run(m)),
        Box::new(|m| Ok((kernel.native)(m, &mut lookup))),
    ];
    used(Bench { engines, memory, fresh, instructions })
}

/// Measures one kernel.
pub fn measure(kernel: &Kernel) -> Result<Row> {
    with_engines(kernel, |bench| measure_all(kernel, bench))
}

/// Nanoseconds an instruction, of hypOS's interpreter alone.
pub fn interpreter(kernel: &Kernel) -> Result<f64> {
    with_engines(kernel, |mut bench| {
        let (mut runs, mut times) = (0, vec![]);
        for round in 0..=ROUNDS {
            bench.memory.copy_from_slice(&bench.fresh);
            let ns = time(&mut bench.engines[0], kernel, bench.memory, &bench.fresh, &mut runs)?;
            if round > 0 {
                times.push(ns / bench.instructions as f64);
            }
        }
        Ok(median(times))
    })
}

/// As `interpreter` for each kernel, by a build of this program with other settings.
pub fn interpreter_of(program: &Path) -> Result<Vec<f64>> {
    let named = || format!("running {} interpreter", program.display());
    let output = Command::new(program).arg("interpreter").output().with_context(named)?;
    ensure!(output.status.success(), "{}: {}", named(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)?.lines().map(|ns| ns.parse().with_context(named)).collect()
}

fn measure_all(kernel: &Kernel, bench: Bench<'_>) -> Result<Row> {
    let Bench { mut engines, memory, fresh, instructions } = bench;
    let mut times = vec![vec![]; ENGINES.len()];
    let mut runs = [0; ENGINES.len()];
    for round in 0..=ROUNDS {
        let mut answer = None;
        for (i, engine) in engines.iter_mut().enumerate() {
            memory.copy_from_slice(&fresh);
            let got = engine(memory).with_context(|| format!("{} on {}", kernel.name, ENGINES[i]))?;
            let expected = *answer.get_or_insert(got);
            ensure!(got == expected, "{} on {}: {got:#x}, not {expected:#x}", kernel.name, ENGINES[i]);
            let ns = time(engine, kernel, memory, &fresh, &mut runs[i])?;
            if round > 0 {
                times[i].push(ns);
            }
        }
    }
    Ok(Row { kernel: kernel.name, instructions, ns: times.into_iter().map(median).collect() })
}

/// Nanoseconds of one run: of as many as make a round (found out in the first one). What sorts gets its memory anew.
fn time(
    engine: &mut Engine,
    kernel: &Kernel,
    memory: &mut [u8],
    fresh: &[u8],
    runs: &mut u32,
) -> Result<f64> {
    let anew = kernel.name == "insertion sort";
    let wanted = if *runs == 0 { u32::MAX } else { *runs };
    let (mut done, mut ns) = (0, 0);
    let batch = if anew || kernel.name != PACKET { 1 } else { 1000 };
    while done < wanted && (*runs > 0 || ns < ROUND_NS) {
        if anew {
            memory[..2048].copy_from_slice(&fresh[..2048]);
        }
        let start = now();
        for _ in 0..batch {
            std::hint::black_box(engine(memory)?);
        }
        ns += now() - start;
        done += batch;
    }
    *runs = done;
    Ok(ns as f64 / f64::from(done))
}
