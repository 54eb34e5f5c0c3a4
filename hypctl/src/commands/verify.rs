//! `verify`, and the check before `prog load`.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use super::read_object;
use crate::{
    cli::Strict,
    elf::Object,
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
    let mut object = read_object(file)?;
    set_strict(&mut object, strict);
    let verdicts = verdict::verify(&object.contents)?;
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

/// Refuses an object of which not every program is accepted; the error has the first refusal's log.
pub fn check(file: &Path, object: &Object) -> Result<()> {
    for verdict in verdict::verify(&object.contents)? {
        if let Err(refused) = &verdict.result {
            let (file, name) = (file.display(), &verdict.name);
            bail!("{file}: program {name} is refused, nothing was loaded\n{}", refused.log.trim_end());
        }
    }
    Ok(())
}

fn text(verdict: &Verdict) -> String {
    let (name, time) = (&verdict.name, units::duration(verdict.time.as_nanos() as u64));
    match &verdict.result {
        Ok(accepted) => {
            let bound = match accepted.instruction_bound {
                Some(bound) => format!("at most {bound} instructions"),
                None => "no bound on instructions".into(),
            };
            let (stack, steps) = (units::bytes(accepted.stack_bytes.into()), verdict.steps);
            format!("{name}: accepted: {bound}, {stack} of stack; {steps} steps in {time}")
        }
        Err(refused) => format!("{name}: refused\n{}", refused.log.trim_end()),
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
    steps: u64,
    time_us: u64,
}

impl<'a> From<(&'a Verdict, &'a String)> for VerdictRow<'a> {
    fn from((verdict, section): (&'a Verdict, &'a String)) -> Self {
        let (accepted, refused) = (verdict.result.as_ref().ok(), verdict.result.as_ref().err());
        Self {
            name: &verdict.name,
            section,
            accepted: accepted.is_some(),
            reason: refused.map(|r| r.reason.as_str()),
            log: refused.map(|r| r.log.as_str()),
            instruction_bound: accepted.and_then(|a| a.instruction_bound),
            stack_bytes: accepted.map(|a| a.stack_bytes),
            steps: verdict.steps,
            time_us: verdict.time.as_micros() as u64,
        }
    }
}
