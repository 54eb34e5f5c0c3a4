//! Prints figures as a table, the kernels side by side, and writes them as JSON. What is promised is promised on the first
//! kernel.
//!
//! `bench JSON_FILE system`, then for each kernel the folder of its images and that of its bench programs; or
//! `bench JSON_FILE cells BENCH_IMAGES PAGE LINUX`, which also writes its part of a page, with what the program LINUX says of this
//! machine's Linux; or `bench PAGE table JSON_FILE...`, which puts what was written so side by side and into a page.

use std::{env, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};
use hypos_tests::{
    bench::{self, Sheet, page, table},
    tools,
};

fn main() -> Result<ExitCode> {
    let mut args = env::args_os().skip(1);
    let json = args.next().map(PathBuf::from).context("no JSON file")?;
    let what = args.next().context("no kind of figures")?;
    let paths: Vec<_> = args.map(PathBuf::from).collect();
    let sheets = match (what.to_str(), &paths[..]) {
        (Some("system"), folders) => system(folders)?,
        (Some("cells"), [images, ..]) => vec![bench::cells(images)?],
        (Some("table"), files) => {
            let table = table::of(files)?;
            println!("{table}");
            let (heading, part) = table::part(&table);
            page::put(&json, heading, &part)?;
            return Ok(ExitCode::SUCCESS);
        }
        (other, _) => bail!("no figures of {other:?}"),
    };
    let over = print(&sheets);
    if let (Some("cells"), [images, file, linux]) = (what.to_str(), &paths[..]) {
        let walls = page::walls(images, linux)?;
        println!("\n{walls}");
        page::write(file, &sheets[0].figures, &walls)?;
    }
    let rows: Vec<_> = sheets.iter().flat_map(rows).collect();
    fs::write(&json, serde_json::to_string_pretty(&rows)?)?;
    Ok(if over { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn system(folders: &[PathBuf]) -> Result<Vec<Sheet>> {
    ensure!(!folders.is_empty() && folders.len().is_multiple_of(2), "two folders for each kernel");
    folders.chunks(2).map(|pair| bench::measure(&pair[0], &pair[1])).collect()
}

/// Prints the table; returns whether a figure is over its limit.
fn print(sheets: &[Sheet]) -> bool {
    let Some(first) = sheets.first() else { return false };
    let kernels: Vec<_> = sheets.iter().map(|sheet| format!("{:>10}", sheet.kernel)).collect();
    println!("{:<46} {} {:<13} {:>9}", "", kernels.join(" "), "", "at most");
    let mut over = false;
    for (row, figure) in first.figures.iter().enumerate() {
        let exceeded = figure.is_over();
        over |= exceeded;
        let limit = figure.limit.map_or_else(String::new, |limit| limit.to_string());
        let values = sheets.iter().filter_map(|sheet| sheet.figures.get(row));
        let values: Vec<_> = values.map(|figure| format!("{:>10}", figure.value)).collect();
        let mark = if exceeded { "  EXCEEDED" } else { "" };
        println!("{:<46} {} {:<13} {limit:>9}{mark}", figure.name, values.join(" "), figure.unit);
    }
    for Sheet { kernel, figures } in sheets {
        let value = |name| figures.iter().find(|figure| figure.name == name).map(|figure| figure.value);
        if let Some((call, raw)) = value(bench::CALL).zip(value(bench::RAW)) {
            let percent = call * 100 / raw.max(1);
            println!(
                "{kernel}: a typed call takes {percent} % of the raw kernel's round trip of {raw} instructions"
            );
        }
    }
    over
}

fn rows(sheet: &Sheet) -> impl Iterator<Item = serde_json::Value> {
    sheet.figures.iter().map(|figure| {
        let (name, unit, value, limit) = (figure.name, figure.unit, figure.value, figure.limit);
        serde_json::json!({
            "board": tools::board(), "kernel": sheet.kernel,
            "name": name, "unit": unit, "value": value, "limit": limit,
        })
    })
}
