//! Prints the system's figures as a table and writes them as JSON: `bench BENCH_IMAGES JSON_FILE`.

use std::{env, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use hypos_tests::bench::{self, Figure};

fn main() -> Result<ExitCode> {
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let (images, json) = (args.next().context("no folder of images")?, args.next().context("no JSON file")?);
    let mut figures = bench::boot()?;
    figures.extend(bench::services(&images)?);
    let mut over = false;
    println!("{:<46} {:>9} {:<13} {:>9}", "", "measured", "", "at most");
    for Figure { name, unit, value, limit } in &figures {
        let exceeded = limit.is_some_and(|limit| *value > limit);
        over |= exceeded;
        let limit = limit.map_or_else(String::new, |limit| limit.to_string());
        println!("{name:<46} {value:>9} {unit:<13} {limit:>9}{}", if exceeded { "  EXCEEDED" } else { "" });
    }
    let raw = bench::RAW_ROUND_TRIP;
    if let Some(call) = figures.iter().find(|figure| figure.name.starts_with("typed call")) {
        let percent = call.value * 100 / raw;
        println!("a typed call takes {percent} % of the raw kernel's round trip of {raw} instructions");
    }
    let rows: Vec<_> = figures
        .iter()
        .map(|f| serde_json::json!({ "name": f.name, "unit": f.unit, "value": f.value, "limit": f.limit }))
        .collect();
    fs::write(&json, serde_json::to_string_pretty(&rows)?)?;
    Ok(if over { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
