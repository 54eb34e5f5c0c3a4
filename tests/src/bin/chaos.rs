//! Fault injection: `chaos [N] [--seed SEED] [--kind KIND] [--replay KIND TARGET PICK]`; see `hypos_tests::chaos`.

use std::{
    env,
    process::ExitCode,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use hypos_tests::chaos::{Chaos, Chooser, Injection, Kind, Tallies};

/// Failures after which the run ends.
const ENOUGH: usize = 10;

struct Wanted {
    count: u64,
    seed: u64,
    kind: Option<Kind>,
    replay: Option<Injection>,
}

fn kind(name: &str) -> Result<Kind> {
    Kind::ALL.into_iter().find(|known| known.name() == name).with_context(|| format!("no kind {name}"))
}

fn number(text: &str) -> Result<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    }
    .with_context(|| format!("no number: {text}"))
}

fn wanted() -> Result<Wanted> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let mut wanted = Wanted { count: 200, seed: clock, kind: None, replay: None };
    let mut args = env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut next = || args.next().with_context(|| format!("{arg} takes more"));
        match arg.as_str() {
            "--kind" => wanted.kind = Some(kind(&next()?)?),
            "--seed" => wanted.seed = number(&next()?)?,
            "--replay" => {
                let kind = kind(&next()?)?;
                wanted.replay = Some(Injection { kind, target: next()?, pick: number(&next()?)? });
            }
            count => wanted.count = number(count)?,
        }
    }
    Ok(wanted)
}

fn main() -> Result<ExitCode> {
    let Wanted { count, seed, kind, replay } = wanted()?;
    println!("chaos: {count} injections, seed {seed:#x}");
    let (mut chooser, mut tallies, mut failures) = (Chooser::new(seed), Tallies::default(), 0);
    let start = Instant::now();
    let mut chaos = Chaos::start()?;
    for step in 1..=count {
        let injection = match &replay {
            Some(injection) => injection.clone(),
            None => chaos.choose(&mut chooser, kind)?,
        };
        let (begun, begun_ns) = (Instant::now(), chaos.now_ns());
        let (what, failure) = match chaos.step(&injection) {
            Ok((outcome, failure)) => {
                if failure.is_none() {
                    tallies.add(injection.kind, &outcome);
                }
                (format!("{}: {:?}", outcome.what, outcome.recovery), failure)
            }
            Err(error) => (String::new(), Some(error)),
        };
        if env::var_os("CHAOS_VERBOSE").is_some() {
            let passed_ms = chaos.now_ns().saturating_sub(begun_ns) / 1_000_000;
            println!(
                "{step}: {injection}: {what}, {passed_ms} ms, {} of the host's",
                begun.elapsed().as_millis()
            );
        }
        if let Some(failure) = failure {
            failures += 1;
            println!("FAILED at step {step} of seed {seed:#x}: {injection} ({what}): {failure:#}");
            println!("{}", chaos.console_end());
            println!("again: scripts/chaos.sh 20 --replay {injection}");
            if failures >= ENOUGH {
                bail!("{failures} failures, the last at step {step}");
            }
            drop(chaos);
            chaos = Chaos::start()?;
        }
    }
    let (good, bad) = chaos.load_counts();
    println!("{tallies}");
    println!(
        "{count} injections in {:.1} s, {failures} failures; the load's last system: {good} requests answered, {bad} not",
        start.elapsed().as_secs_f64()
    );
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
