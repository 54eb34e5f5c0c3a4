//! The table of attacks and outcomes in `docs/threat-model.md`: what the tests saw has to be what stands there.
//! `HYPOS_BLESS=1` writes it anew.

use std::{fs, sync::Mutex};

use anyhow::{Context, Result, ensure};
use hypos_tests::tools;

/// The groups, in the table's order.
const GROUPS: [&str; 10] =
    ["reads", "writes", "execution", "jumps", "flags", "calls", "messages", "time", "bytecode", "maps"];
const HEAD: &str = "| of | attack | as | attempts | outcome |\n|---|---|---|---|---|\n";

/// An attack and what came of it.
#[derive(Clone, Debug)]
pub struct Row {
    pub attack: String,
    form: &'static str,
    attempts: u64,
    pub outcome: String,
}

impl Row {
    /// By machine code.
    pub fn native(attack: impl Into<String>, attempts: u64, outcome: impl Into<String>) -> Self {
        Self { attack: attack.into(), form: "machine code", attempts, outcome: outcome.into() }
    }

    /// By bytecode.
    pub fn bytecode(attack: impl Into<String>, attempts: u64, outcome: impl Into<String>) -> Self {
        Self { form: "bytecode", ..Self::native(attack, attempts, outcome) }
    }

    /// The same, of an attack of another name.
    pub fn named(self, attack: String) -> Self {
        Self { attack, ..self }
    }

    fn line(&self, group: &str) -> String {
        let Self { attack, form, attempts, outcome } = self;
        // As many as a program has pages: not to be compared.
        let attempts = if *attempts == 0 { "many".to_owned() } else { attempts.to_string() };
        format!("| {group} | {attack} | {form} | {attempts} | {outcome} |\n")
    }
}

/// Attempts by machine code with their outcomes, those with the same in one row.
pub fn rows(attempts: Vec<String>, outcomes: Vec<String>) -> Vec<Row> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (attempt, outcome) in attempts.into_iter().zip(outcomes) {
        match all.iter_mut().find(|(other, _)| *other == outcome) {
            Some((_, attempts)) => attempts.push(attempt),
            None => all.push((outcome, vec![attempt])),
        }
    }
    let row = |(outcome, attempts): (String, Vec<String>)| {
        Row::native(attempts.join(", "), attempts.len() as u64, outcome)
    };
    all.into_iter().map(row).collect()
}

/// Compares what a group's attacks came to with the table.
///
/// # Errors
/// They differ, or there is no table for this board.
pub fn check(group: &str, rows: &[Row]) -> Result<()> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let path = tools::top().join("docs/threat-model.md");
    let text = fs::read_to_string(&path)?;
    let (begin, end) = (format!("<!-- attacks on {}\n", tools::board()), "<!-- end of attacks -->");
    let (before, rest) =
        text.split_once(&begin).with_context(|| format!("{}: no {begin}", path.display()))?;
    let (comment, rest) = rest.split_once("-->\n").context("the comment ends")?;
    let (table, after) = rest.split_once(end).with_context(|| format!("no {end}"))?;
    let seen: String = rows.iter().map(|row| row.line(group)).collect();
    let lines_of = |name: &str| -> String {
        let start = format!("| {name} |");
        table.split_inclusive('\n').filter(|line| line.starts_with(&start)).collect()
    };
    if std::env::var_os("HYPOS_BLESS").is_some() {
        let all: String =
            GROUPS.iter().map(|name| if *name == group { seen.clone() } else { lines_of(name) }).collect();
        fs::write(&path, format!("{before}{begin}{comment}-->\n{HEAD}{all}{end}{after}"))?;
    } else {
        let known = lines_of(group);
        ensure!(known == seen, "{}: the table says\n{known}but what came of it is\n{seen}", path.display());
    }
    Ok(())
}
