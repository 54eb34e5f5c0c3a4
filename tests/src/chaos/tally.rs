//! What came of all injections, by kind.

use std::{collections::BTreeMap, fmt};

use super::{
    inject::Kind,
    step::{Outcome, Recovery},
};

#[derive(Clone, Debug, Default)]
struct Row {
    injected: u64,
    by: BTreeMap<Recovery, u64>,
    took_ns: Vec<u64>,
    missed: u64,
    failed: u64,
    damage: u64,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Tallies(BTreeMap<Kind, Row>);

impl Tallies {
    /// Adds what came of one.
    pub fn add(&mut self, kind: Kind, outcome: &Outcome) {
        let row = self.0.entry(kind).or_default();
        row.injected += 1;
        *row.by.entry(outcome.recovery).or_default() += 1;
        if outcome.recovery == Recovery::Itself {
            row.took_ns.push(outcome.took_ns);
        }
        row.missed += outcome.missed;
        row.failed += outcome.failed;
        row.damage += u64::from(outcome.damage);
    }
}

impl fmt::Display for Tallies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>14} {:>8} {:>8} {:>8}",
            "",
            "injected",
            "noticed",
            "replaced",
            "unseen",
            "request",
            "killed",
            "back in events",
            "missed",
            "refused",
            "wrong"
        )?;
        for (kind, row) in &self.0 {
            let by = |recovery| row.by.get(&recovery).copied().unwrap_or(0);
            let mut took: Vec<_> = row.took_ns.iter().map(|ns| ns / 1_000_000).collect();
            took.sort_unstable();
            let took = match (took.get(took.len() / 2), took.last()) {
                (Some(median), Some(most)) => format!("{median} ({most})"),
                _ => "-".to_owned(),
            };
            writeln!(
                f,
                "{:<12} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>14} {:>8} {:>8} {:>8}",
                kind.name(),
                row.injected,
                by(Recovery::Itself),
                by(Recovery::Replaced),
                by(Recovery::Unseen),
                by(Recovery::Request),
                by(Recovery::Kill),
                took,
                row.missed,
                row.failed,
                row.damage
            )?;
        }
        Ok(())
    }
}
