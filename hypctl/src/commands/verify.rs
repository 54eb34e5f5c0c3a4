//! `verify`, and the check before `prog load`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::{bundle, read_object_by};
use crate::{
    cli::Strict,
    elf::{self, Object},
    output::Output,
    units,
    verdict::{self, Verdict},
};

/// Applies the command line's strictness to all programs of an object.
pub fn set_strict(object: &mut Object, strict: Strict) {
    object.contents.programs.iter_mut().for_each(|p| p.strict |= strict.strict_termination);
}

/// Verifies an object and prints the verdicts; gives whether all programs were accepted.
pub fn verify(file: &Path, strict: Strict, out: &mut Output<'_>) -> Result<bool> {
    let mut object = read_object_by(file, elf::read_some)?;
    set_strict(&mut object, strict);
    let mut verdicts =
        verdict::verify(&bundle(file, &object)?).with_context(|| file.display().to_string())?;
    for refused in &object.refused {
        object.sections.push(refused.section.clone());
        verdicts.push(Verdict::unlinked(refused));
    }
    if out.json {
        let rows: Vec<_> = verdicts.iter().zip(&object.sections).map(VerdictRow::from).collect();
        out.value(&rows)?;
    } else {
        for verdict in &verdicts {
            out.line(&text(verdict))?;
        }
    }
    Ok(verdicts.iter().all(|v| v.result.is_ok()))
}

/// Refuses a bundle of which not every program is accepted; the error has the first refusal's log.
pub fn check(file: &Path, bundle: &[u8]) -> Result<()> {
    let file = file.display();
    for verdict in verdict::verify(bundle).with_context(|| file.to_string())? {
        if let Err(refused) = &verdict.result {
            bail!("{file}: program {} is refused, nothing was loaded: {}", verdict.name, refused.log);
        }
    }
    Ok(())
}

fn text(verdict: &Verdict) -> String {
    let (name, time) = (&verdict.name, units::duration(verdict.time.as_nanos() as u64));
    match &verdict.result {
        Ok(summary) => {
            let bound = match summary.instruction_bound {
                Some(bound) => format!("at most {bound} instructions"),
                None => "no bound on instructions".into(),
            };
            let (stack, steps) = (units::bytes(summary.stack_bytes.into()), summary.steps);
            format!("{name}: accepted: {bound}, {stack} of stack; verified in {steps} steps, {time}")
        }
        Err(refused) => format!("{name}: refused: {}", refused.log),
    }
}

/// A verdict as JSON.
#[derive(Serialize)]
struct VerdictRow<'a> {
    name: &'a str,
    section: &'a str,
    accepted: bool,
    reason: Option<&'a str>,
    log: Option<&'a str>,
    instruction_bound: Option<u64>,
    stack_bytes: Option<u32>,
    steps: Option<u64>,
    time_us: u64,
}

impl<'a> From<(&'a Verdict, &'a String)> for VerdictRow<'a> {
    fn from((verdict, section): (&'a Verdict, &'a String)) -> Self {
        let (summary, refused) = (verdict.result.as_ref().ok(), verdict.result.as_ref().err());
        Self {
            name: &verdict.name,
            section,
            accepted: summary.is_some(),
            reason: refused.map(|r| r.reason.as_str()),
            log: refused.map(|r| r.log.as_str()),
            instruction_bound: summary.and_then(|s| s.instruction_bound),
            stack_bytes: summary.map(|s| s.stack_bytes),
            steps: summary.map(|s| s.steps).or(refused.and_then(|r| r.steps)),
            time_us: verdict.time.as_micros() as u64,
        }
    }
}
