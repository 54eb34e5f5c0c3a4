//! What the verifier says about each program of a bundle, here as on a device.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bpf_runtime::{
    bundle::{Bundle, Program},
    hook,
    map::MapSpec,
    verifier::{self, Limits, Reason, Refusal, Summary, Unit},
};

use crate::helper_names;

/// What the verifier says about one program.
#[derive(Debug)]
pub struct Verdict {
    /// The program's name.
    pub name: String,
    /// What was proven of an accepted program, or why it is refused.
    pub result: Result<Summary, Refused>,
    /// Time that it took.
    pub time: Duration,
}

/// A program that is not accepted.
#[derive(Clone, Debug)]
pub struct Refused {
    /// One sentence.
    pub reason: String,
    /// Several lines: why, where, what was known of the registers.
    pub log: String,
    /// Steps that the verifier took; none if it was not asked.
    pub steps: Option<u64>,
}

impl Verdict {
    /// On a program that could not be read.
    pub fn unlinked(refused: &crate::elf::Refused) -> Self {
        let reason = format!("{:#}", refused.why);
        let result = Err(Refused { log: reason.clone(), reason, steps: None });
        Self { name: refused.name.clone(), result, time: Duration::ZERO }
    }
}

/// Verifies all programs of a bundle.
///
/// # Errors
/// It is no bundle, or a hook is not known; a refusal is no error here.
pub fn verify(bundle: &[u8]) -> Result<Vec<Verdict>> {
    let bundle = Bundle::parse(bundle)?;
    let maps: Vec<_> = bundle.maps().map(|map| map.spec).collect();
    bundle.programs().map(|program| one(&program, &maps)).collect()
}

fn one(program: &Program<'_>, maps: &[MapSpec]) -> Result<Verdict> {
    let hook = hook::find(program.hook).with_context(|| format!("hook {}: not known", program.hook))?;
    let code: Vec<_> = program.insns().collect();
    let unit = Unit { code: &code, hook, maps, lines: Some(program.lines) };
    let start = Instant::now();
    let result = verifier::verify(&unit, &Limits::default());
    let time = start.elapsed();
    let result = match result {
        Ok(summary) if program.strict && summary.instruction_bound.is_none() => Err(unbounded(summary.steps)),
        Ok(summary) => Ok(summary),
        Err(refusal) => Err(refused(&refusal)),
    };
    Ok(Verdict { name: program.name.to_owned(), result, time })
}

/// A refusal in words; a helper that is missing is named as Linux names it.
fn refused(refusal: &Refusal) -> Refused {
    let (mut reason, mut log) = (refusal.reason.to_string(), refusal.to_string());
    if let Reason::NoHelper(number) = refusal.reason
        && let Some(name) = helper_names::name(number)
    {
        let named = format!("{reason} (bpf_{name})");
        log = log.replacen(&reason, &named, 1);
        reason = named;
    }
    Refused { reason, log, steps: Some(refusal.steps.into()) }
}

/// Strict termination was asked for and could not be proven.
fn unbounded(steps: u64) -> Refused {
    let reason = "no bound on executed instructions could be proven: give each loop a constant limit";
    Refused { reason: reason.into(), log: reason.into(), steps: Some(steps) }
}
