//! Prints figures as a table and writes them as JSON: `bench system BENCH_IMAGES JSON_FILE`, or
//! `bench cells BENCH_IMAGES JSON_FILE PAGE LINUX`, which also writes its part of a page, with what the program LINUX says of
//! this machine's Linux.

use std::{env, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use hypos_tests::bench::{self, Figure, page};

fn main() -> Result<ExitCode> {
    let mut args = env::args_os().skip(1);
    let what = args.next().context("no kind of figures")?;
    let mut path = |what: &'static str| args.next().map(PathBuf::from).context(what);
    let (images, json) = (path("no folder of images")?, path("no JSON file")?);
    let figures = match what.to_str() {
        Some("system") => [bench::boot()?, bench::services(&images)?].concat(),
        Some("cells") => bench::cells(&images)?,
        other => bail!("no figures of {other:?}"),
    };
    let mut over = false;
    println!("{:<46} {:>9} {:<13} {:>9}", "", "measured", "", "at most");
    for figure in &figures {
        let Figure { name, unit, value, limit } = figure;
        let exceeded = figure.is_over();
        over |= exceeded;
        let limit = limit.map_or_else(String::new, |limit| limit.to_string());
        println!("{name:<46} {value:>9} {unit:<13} {limit:>9}{}", if exceeded { "  EXCEEDED" } else { "" });
    }
    let raw = bench::RAW_ROUND_TRIP;
    if let Some(call) = figures.iter().find(|figure| figure.name.starts_with("typed call")) {
        let percent = call.value * 100 / raw;
        println!("a typed call takes {percent} % of the raw kernel's round trip of {raw} instructions");
    }
    if what == "cells" {
        let (file, linux) = (path("no page")?, path("no program for Linux")?);
        let walls = page::walls(&images, &linux)?;
        println!("\n{walls}");
        page::write(&file, &figures, &walls)?;
    }
    let rows: Vec<_> = figures
        .iter()
        .map(|f| serde_json::json!({ "name": f.name, "unit": f.unit, "value": f.value, "limit": f.limit }))
        .collect();
    fs::write(&json, serde_json::to_string_pretty(&rows)?)?;
    Ok(if over { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
