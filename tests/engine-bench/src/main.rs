//! Measures the engine's interpreter against its peers and native code; prints a table and writes the figures as JSON,
//! a page with the table, and a plot.
#![allow(clippy::cast_precision_loss, reason = "nanoseconds and places in a plot")]
#[path = "../../../bpf-runtime/tests/common/asm.rs"]
#[allow(clippy::unwrap_used, reason = "the kernels are constants, which each run assembles")]
mod asm;
mod clock;
mod kernels;
mod measure;
mod native;
mod peers;
mod plot;
mod report;

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [json, docs] = arguments.as_slice() else { bail!("usage: engine-bench FIGURES.json DOCS") };
    let (json, docs) = (Path::new(json), Path::new(docs));
    let mut rows = vec![];
    for kernel in kernels::all() {
        eprintln!("measuring {}", kernel.name);
        rows.push(measure::measure(&kernel)?);
    }
    println!("{}", report::table(&rows));
    println!("{}", report::verdict(&rows));
    for folder in json.parent().into_iter().chain([docs]) {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let write = |path: &Path, text: &str| {
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    };
    write(json, &report::json(&rows)?)?;
    write(&docs.join("performance.md"), &report::page(&rows))?;
    plot::draw(&rows, &docs.join("performance.svg"))
}
