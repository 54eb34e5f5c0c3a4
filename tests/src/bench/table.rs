//! All boards and kernels side by side.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{CALL, RAW};

/// Where the part of the page begins.
const HEADING: &str = "\n## The system, board by board\n";

/// A row: value and mark by column.
type Row = (String, String, BTreeMap<usize, String>);

/// The table of what was written of each board.
///
/// # Errors
/// A file can't be read, or holds something else.
pub fn of(files: &[PathBuf]) -> Result<String> {
    let (mut columns, mut rows) = (Vec::<(String, String)>::new(), Vec::<Row>::new());
    let mut calls = BTreeMap::<usize, [u64; 2]>::new();
    for file in files {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        for entry in serde_json::from_str::<Vec<Value>>(&text)? {
            let word =
                |key: &str| entry[key].as_str().with_context(|| format!("no {key}")).map(str::to_owned);
            let column = (word("board")?, word("kernel")?);
            let at = columns.iter().position(|other| *other == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            });
            let (name, value) = (word("name")?, entry["value"].as_u64().context("no value")?);
            match name.as_str() {
                RAW => calls.entry(at).or_default()[0] = value,
                CALL => calls.entry(at).or_default()[1] = value,
                _ => {}
            }
            let over = entry["limit"].as_u64().is_some_and(|limit| value > limit);
            let row = rows.iter().position(|row| row.0 == name).unwrap_or_else(|| {
                rows.push((name, String::new(), BTreeMap::new()));
                rows.len() - 1
            });
            rows[row].1 = word("unit")?;
            rows[row].2.insert(at, format!("{value}{}", if over { " **!**" } else { "" }));
        }
    }
    let percent = calls.iter().map(|(at, [raw, call])| (*at, format!("{}", call * 100 / (*raw).max(1))));
    rows.push(("typed call in per cent of the bare one".into(), "%".into(), percent.collect()));
    write(&columns, &rows)
}

fn write(columns: &[(String, String)], rows: &[Row]) -> Result<String> {
    let mut table = String::from("| |");
    columns.iter().try_for_each(|(board, kernel)| write!(table, " {board}, {kernel} |"))?;
    write!(table, " |\n| --- |{}\n", " --- |".repeat(columns.len() + 1))?;
    for (name, unit, values) in rows {
        write!(table, "| {name} |")?;
        let value = |at| values.get(&at).map_or("", String::as_str);
        (0..columns.len()).try_for_each(|at| write!(table, " {} |", value(at)))?;
        writeln!(table, " {unit} |")?;
    }
    Ok(table)
}

/// The part of the page.
pub fn part(table: &str) -> (&'static str, String) {
    let text = format!(
        "\nWritten by `scripts/bench.sh all`: the release kernel of each board, counted by QEMU under `-icount shift=0`, where a \
         nanosecond is an instruction. A tick of the counter is one on x86_64, 16 on aarch64 and 100 on riscv64, and figures that \
         are counted in single runs are good to that (boot, cells); calls, events, hook and clock are counted in \
         batches of 256 there, to 1/16 and 0.4; signals and log records are averages of 32 runs, good to about 5 and 30. \
         A figure over its limit is marked with **!**.\n\n{table}"
    );
    (HEADING, text)
}
