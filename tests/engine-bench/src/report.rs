//! The figures as text, JSON and a page.
use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    cost, loops,
    measure::{ENGINES, ROUNDS, Row},
    sheet::Sheet,
    text::Text,
};

/// What the interpreter is to reach on each kernel, in the speed of the best peer's.
const RATIO: f64 = 4.0;
/// The time of compiled code that was proven, in that of rbpf's and of native code, at most.
const TO_RBPF_AND_NATIVE: [f64; 2] = [1.1, 2.0];
/// Nanoseconds an instruction of compiled code with checks and fuel, on the kernels that are all memory.
const CHECKED_NS: f64 = 0.25;
const MEMORY_KERNELS: [&str; 3] = ["fletcher 64 KiB", "insertion sort", "sieve"];
/// Nanoseconds to compile an instruction.
const COMPILE_NS: f64 = 20.0;
/// Microseconds to verify a program.
const VERIFY_US: f64 = 1000.0;
/// Bytes of text: the interpreter alone, and with the verifier.
const TEXT: [u64; 2] = [12 << 10, 60 << 10];

/// All figures.
pub struct Figures {
    pub kernels: Vec<Row>,
    pub cost: Vec<f64>,
    pub loops: Vec<loops::Row>,
    /// At the release's settings, and at those for size.
    pub text: [Text; 2],
    /// Nanoseconds of the interpreter made for size, an instruction, by kernel.
    pub small_ns: Vec<f64>,
}

impl Figures {
    /// The tables.
    pub fn sheets(&self) -> [Sheet; 4] {
        [kernels(&self.kernels), costs(&self.cost), verification(&self.loops), self.texts()]
    }

    fn texts(&self) -> Sheet {
        let rows = self.kernels.iter().zip(&self.small_ns);
        let slower: Vec<_> = rows.map(|(row, small)| (row.kernel, row.per_instruction(0), *small)).collect();
        texts(self.text, &slower)
    }

    /// The figures for programs.
    pub fn json(&self) -> Result<String> {
        let kernels: Vec<Value> = self.kernels.iter().map(Row::json).collect();
        let cost: serde_json::Map<String, Value> =
            cost::WAYS.iter().zip(&self.cost).map(|(way, ns)| ((*way).to_owned(), json!(ns))).collect();
        let loops: Vec<Value> = (self.loops.iter())
            .map(|(name, us)| json!({ "program": name, "turns": loops::TURNS, "us": us }))
            .collect();
        let [release, small] =
            self.text.map(|Text { verifier, log, interpreter, outlined, helpers, all }| {
                json!({
                    "verifier": verifier, "log": log, "interpreter": interpreter, "outlined": outlined,
                    "helpers_and_maps": helpers, "all": all
                })
            });
        let value = json!({
            "rounds": ROUNDS, "kernels": kernels, "ns_to_prepare_an_instruction": cost,
            "verification": loops, "aarch64_text_bytes": { "release": release, "small": small },
            "small_interpreter_ns_per_instruction": self.small_ns,
        });
        Ok(serde_json::to_string_pretty(&value)? + "\n")
    }

    /// The page for the documentation.
    pub fn page(&self) -> String {
        let mut page = String::from(
            "# Performance of the eBPF engine\n\nWritten by `scripts/bench.sh engine`; figures are those of the \
             machine that ran it last. A figure that misses its limit is marked with **!**.\n",
        );
        for (i, sheet) in self.sheets().iter().enumerate() {
            let _ = write!(page, "\n{}", sheet.markdown());
            if i == 0 {
                page.push_str("\n![The same as a plot](performance.svg)\n");
            }
        }
        page
    }
}

fn kernels(rows: &[Row]) -> Sheet {
    let header = ["kernel", "instructions"].into_iter().chain(ENGINES);
    let header = header.chain(["times the best peer interpreter", "proven JIT to rbpf's, to native"]);
    let mut sheet = Sheet::new(
        "Speed",
        &format!(
            "Nanoseconds of processor time for each executed eBPF instruction, medians of {ROUNDS} rounds in one \
             process, the engines in turn. Native code is the same work in Rust, by the same count of instructions. \
             All engines run the same bytecode and have to give the same answer. hypOS's interpreter checks every \
             access and counts fuel; its proven JIT is what verified programs get, the one with checks and fuel \
             trusts nothing; rbpf's JIT checks nothing. In the last kernel the helper looks up a key of 4 bytes \
             among 64: the peers' and native code's in the standard library's `HashMap`, hypOS's in a map that \
             protection domains share, without locks. hypOS and solana-sbpf keep their stacks from run to run. \
             Limits: interpreter at least {RATIO} times as fast as the best peer's; proven JIT at most {} times \
             rbpf's time and {} times native; with checks and fuel at most {CHECKED_NS} ns on {}.",
            TO_RBPF_AND_NATIVE[0],
            TO_RBPF_AND_NATIVE[1],
            MEMORY_KERNELS.join(", "),
        ),
        header,
    );
    for row in rows {
        let mut cells = vec![row.kernel.to_owned(), row.instructions.to_string()];
        for (engine, name) in ENGINES.iter().enumerate() {
            let ns = row.per_instruction(engine);
            let limited = name.ends_with("fuel") && MEMORY_KERNELS.contains(&row.kernel);
            cells.push(Sheet::marked(format!("{ns:.3}"), limited && ns > CHECKED_NS));
        }
        cells.push(Sheet::marked(format!("{:.1}", row.ratio()), row.ratio() < RATIO));
        let ratios = row.compiled_ratios();
        let missed = ratios.iter().zip(TO_RBPF_AND_NATIVE).any(|(ratio, limit)| *ratio > limit);
        cells.push(Sheet::marked(format!("{:.2}, {:.2}", ratios[0], ratios[1]), missed));
        sheet.rows.push(cells);
    }
    sheet
}

fn costs(ns: &[f64]) -> Sheet {
    let mut sheet = Sheet::new(
        "Making a program ready",
        &format!(
            "Nanoseconds for each of {} instructions (rbpf: {}, for its code has to fit a page), medians of \
             {ROUNDS} rounds. hypOS writes into memory that is there, the peers' figures have the mapping of theirs \
             in them. Limit for hypOS's JIT: {COMPILE_NS} ns.",
            cost::INSTRUCTIONS,
            cost::RBPF_INSTRUCTIONS,
        ),
        ["way", "ns"],
    );
    for (way, ns) in cost::WAYS.iter().zip(ns) {
        let missed = way.starts_with("hypOS JIT") && *ns > COMPILE_NS;
        sheet.rows.push(vec![(*way).to_owned(), Sheet::marked(format!("{ns:.1}"), missed)]);
    }
    sheet
}

fn verification(rows: &[loops::Row]) -> Sheet {
    let turns = loops::TURNS.map(|turns| format!("{turns} turns"));
    let mut sheet = Sheet::new(
        "Verifying loops",
        &format!(
            "Microseconds until the program is accepted, with a proven bound on its instructions; medians of \
             {ROUNDS}. Limit: {VERIFY_US} µs, whatever the number of turns."
        ),
        ["program"].into_iter().chain(turns.iter().map(String::as_str)),
    );
    for (name, us) in rows {
        let cells = us.iter().map(|us| Sheet::marked(format!("{us:.1}"), *us > VERIFY_US));
        sheet.rows.push([(*name).to_owned()].into_iter().chain(cells).collect());
    }
    sheet
}

fn texts([release, small]: [Text; 2], slower: &[(&str, f64, f64)]) -> Sheet {
    let speed: Vec<String> =
        slower.iter().map(|(kernel, fast, slow)| format!("{kernel} {:.1}", slow / fast)).collect();
    let mut sheet = Sheet::new(
        "Text on aarch64",
        &format!(
            "Bytes of machine code in a program for aarch64 that holds nothing but verifier and interpreter, at the \
             settings of the release and of the profile `small` (opt-level z, the interpreter one loop over decoded \
             instructions), by symbol; what was inlined counts where it ended. The limits are for `small`. How many \
             times as long its interpreter takes, on this machine: {}.",
            speed.join(", ")
        ),
        ["part", "release", "small", "limit"],
    );
    let all = |part: fn(&Text) -> u64| [part(&release), part(&small)];
    for (part, bytes, limit) in [
        (
            "interpreter: decoding, preparation, instructions, checks",
            all(|text| text.interpreter),
            Some(TEXT[0]),
        ),
        ("verifier: proof", all(|text| text.verifier), None),
        ("verifier: text of refusals", all(|text| text.log), None),
        ("of either, outlined by the compiler", all(|text| text.outlined), None),
        ("verifier and interpreter", all(Text::engine), Some(TEXT[1])),
        ("helpers and maps", all(|text| text.helpers), None),
        ("the whole program", all(|text| text.all), None),
    ] {
        let missed = limit.is_some_and(|limit| bytes[1] > limit);
        let limit = limit.map_or(String::new(), |limit| limit.to_string());
        let small = Sheet::marked(bytes[1].to_string(), missed);
        sheet.rows.push(vec![part.to_owned(), bytes[0].to_string(), small, limit]);
    }
    sheet
}
