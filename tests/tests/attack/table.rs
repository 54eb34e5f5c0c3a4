//! The table of attacks and outcomes in `docs/threat-model.md`, or of an installed kernel in `docs/kernels.md`: what the tests saw
//! has to be what stands there.
//! `HYPOS_BLESS=1` writes it anew.

use std::{fs, path::PathBuf, sync::Mutex};

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

/// A table in a document: what stands before it, its rows, what stands behind it.
struct Table {
    path: PathBuf,
    before: String,
    rows: String,
    after: String,
}

impl Table {
    /// The first table whose name begins like this.
    fn read(file: &str, name: &str) -> Result<Self> {
        let path = tools::top().join(file);
        let text = fs::read_to_string(&path)?;
        let (begin, end) = (format!("<!-- attacks on {name}"), "<!-- end of attacks -->");
        let at = text.find(&begin).with_context(|| format!("{}: no {begin}", path.display()))?;
        let start = at + text[at..].find("\n-->\n").context("a head without an end")? + "\n-->\n".len();
        let (before, rest) = text.split_at(start);
        let (rows, _) = rest.split_once(end).with_context(|| format!("no {end}"))?;
        let after = &rest[rows.len()..];
        Ok(Self { before: before.into(), rows: rows.into(), after: after.into(), path })
    }

    /// The lines of a group.
    fn lines_of(&self, group: &str) -> String {
        let start = format!("| {group} |");
        self.rows.split_inclusive('\n').filter(|line| line.starts_with(&start)).collect()
    }

    /// Writes the document with other lines of a group.
    fn write(&self, group: &str, lines: &str) -> Result<()> {
        let of = |name: &&str| if *name == group { lines.to_owned() } else { self.lines_of(name) };
        let all: String = GROUPS.iter().map(of).collect();
        let head = if all.is_empty() { "" } else { HEAD };
        Ok(fs::write(&self.path, [&self.before, head, &all, &self.after].concat())?)
    }
}

/// Compares what a group's attacks came to with the table. That of an installed kernel has the groups in which it differs.
///
/// # Errors
/// They differ, or there is no table for this board.
pub fn check(group: &str, rows: &[Row]) -> Result<()> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let board = tools::board();
    let seen: String = rows.iter().map(|row| row.line(group)).collect();
    // 5.0.0 is attacked on one board of an architecture.
    let (arch, _) = board.split_once('/').context("ARCH/BOARD")?;
    let mut table = Table::read("docs/threat-model.md", &format!("{arch}/"))?;
    let (mut known, mut lines) = (table.lines_of(group), seen.clone());
    if tools::installed().is_some() {
        table = Table::read("docs/kernels.md", &format!("{board}, installed kernel"))?;
        if seen == known {
            lines.clear();
        }
        known = Some(table.lines_of(group)).filter(|own| !own.is_empty()).unwrap_or(known);
    }
    if std::env::var_os("HYPOS_BLESS").is_some() {
        return table.write(group, &lines);
    }
    ensure!(known == seen, "{}: the table says\n{known}but what came of it is\n{seen}", table.path.display());
    Ok(())
}
