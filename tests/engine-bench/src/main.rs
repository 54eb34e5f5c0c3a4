//! Measures the engine against its peers and native code; prints tables and writes the figures as JSON, a page with the
//! tables, and a plot. `engine-bench count` counts the processor's instructions instead: they are the same under any
//! load. `engine-bench interpreter` prints the interpreter's nanoseconds for each kernel, of a build with other settings; `engine-bench text PROGRAMS` the bytes of the
//! engine's text, which have a limit.
#![allow(clippy::cast_precision_loss, reason = "nanoseconds and places in a plot")]
#[path = "../../../bpf-runtime/tests/common/asm.rs"]
#[allow(clippy::unwrap_used, reason = "the kernels are constants, which each run assembles")]
mod asm;
mod clock;
mod cost;
mod count;
mod kernels;
mod loops;
mod measure;
mod native;
mod peers;
mod plot;
mod report;
mod sheet;
mod text;

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use report::Figures;
use sheet::Sheet;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, rest @ ..] = arguments.as_slice()
        && mode == "count"
    {
        return count::count(rest);
    }
    if let [mode] = arguments.as_slice()
        && mode == "interpreter"
    {
        for kernel in kernels::all() {
            println!("{}", measure::interpreter(&kernel)?);
        }
        return Ok(());
    }
    if let [mode, programs] = arguments.as_slice()
        && mode == "text"
    {
        return text::check(Path::new(programs));
    }
    let [json, docs, programs, small_programs, small] = arguments.as_slice() else {
        bail!(
            "usage: engine-bench FIGURES.json DOCS TEXT-SIZE-PROGRAMS SMALL-ONES SMALL-ENGINE-BENCH, or: engine-bench \
             count, or: engine-bench interpreter, or: engine-bench text TEXT-SIZE-PROGRAMS"
        )
    };
    let (json, docs) = (Path::new(json), Path::new(docs));
    let text = [text::measure(Path::new(programs))?, text::measure(Path::new(small_programs))?];
    let small_ns = measure::interpreter_of(Path::new(small))?;
    let mut kernels = vec![];
    for kernel in kernels::all() {
        eprintln!("measuring {}", kernel.name);
        kernels.push(measure::measure(&kernel)?);
    }
    let figures = Figures { kernels, cost: cost::measure()?, loops: loops::measure()?, text, small_ns };
    for sheet in figures.sheets() {
        println!("{}", sheet.table());
    }
    println!("{} figures miss their limits", figures.sheets().iter().map(Sheet::missed).sum::<usize>());
    for folder in json.parent().into_iter().chain([docs]) {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let write = |path: &Path, text: &str| {
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    };
    write(json, &figures.json()?)?;
    let page = docs.join("performance.md");
    // What others have measured stays: `scripts/bench.sh cells`.
    let cells = fs::read_to_string(&page).unwrap_or_default();
    let cells = cells.find("\n## Cells\n").map_or("", |at| &cells[at..]);
    write(&page, &format!("{}{cells}", figures.page()))?;
    plot::draw(&figures.kernels, &docs.join("performance.svg"))
}
