//! The figures as text, JSON and a page.
use std::fmt::Write;

use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use crate::measure::{ENGINES, ROUNDS, Row};

const RATIO: &str = "times the best peer interpreter";
/// What the interpreter is to reach on each kernel.
const GOAL: f64 = 4.0;

fn cells(row: &Row) -> Vec<String> {
    let figures = (0..ENGINES.len()).map(|engine| format!("{:.3}", row.per_instruction(engine)));
    [row.kernel.to_owned(), row.instructions.to_string()]
        .into_iter()
        .chain(figures)
        .chain([format!("{:.1}", row.ratio())])
        .collect()
}

fn header() -> Vec<&'static str> {
    ["kernel", "instructions"].into_iter().chain(ENGINES).chain([RATIO]).collect()
}

/// Nanoseconds an instruction, for the terminal.
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.set_header(header()).add_rows(rows.iter().map(cells));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The kernels that miss the goal, by name.
pub fn verdict(rows: &[Row]) -> String {
    let missed: Vec<String> = rows
        .iter()
        .filter(|row| row.ratio() < GOAL)
        .map(|row| format!("{} ({:.1})", row.kernel, row.ratio()))
        .collect();
    if missed.is_empty() {
        format!("The interpreter is at least {GOAL} times as fast as the best peer's on every kernel.")
    } else {
        format!("Below {GOAL} times the best peer interpreter: {}.", missed.join(", "))
    }
}

/// All figures.
pub fn json(rows: &[Row]) -> Result<String> {
    let rows: Vec<Value> = rows.iter().map(Row::json).collect();
    Ok(serde_json::to_string_pretty(&json!({ "rounds": ROUNDS, "kernels": rows }))? + "\n")
}

/// The page for the documentation.
pub fn page(rows: &[Row]) -> String {
    let mut table = String::new();
    let mut line = |cells: &[String]| {
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    };
    let header: Vec<String> = header().into_iter().map(str::to_owned).collect();
    line(&header);
    line(&header.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
    for row in rows {
        line(&cells(row));
    }
    format!(
        "# Performance of the eBPF engine\n\n\
         Written by `scripts/bench.sh engine`; figures are those of the machine that ran it last.\n\n\
         Nanoseconds of processor time for each executed eBPF instruction, medians of {ROUNDS} rounds in one process, \
         the engines in turn. Native code is the same work in Rust, by the same count of instructions. All engines \
         run the same bytecode and have to give the same answer. hypOS checks every access and counts fuel; \
         rbpf's JIT checks nothing.\n\n{table}\n{}\n\n![The same as a plot](performance.svg)\n",
        verdict(rows)
    )
}
