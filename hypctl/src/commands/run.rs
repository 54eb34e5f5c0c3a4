//! `run`: runs one program of an object here, on the engine that a device has.

mod context;
mod host;
mod packets;
mod report;

use anyhow::{Context, Result, bail};
use bpf_runtime::{
    bundle::{Bundle, Program},
    hook::{self, Hook},
    verifier::Summary,
};

use super::{bundle, read_object};
use crate::{cli::Run, output::Output, verdict};
use host::{Event, Host};
use report::Report;

/// Runs a program and prints what it did; gives whether each run came to its end.
pub fn run(args: &Run, out: &mut Output<'_>) -> Result<bool> {
    let file = args.file.display().to_string();
    let object = read_object(&args.file)?;
    let bytes = bundle(&args.file, &object)?;
    let read = Bundle::parse(&bytes).with_context(|| file.clone())?;
    let program = choose(&read, args.prog.as_deref()).with_context(|| file.clone())?;
    let hook = hook::find(program.hook).with_context(|| format!("hook {}: not known", program.hook))?;
    let summary = proven(&bytes, program.name).with_context(|| file.clone())?;
    let events = events(args, hook)?;
    let mut host = Host::new(&read, &program, &summary).with_context(|| file.clone())?;
    let mut report = Report::new(program.name, hook.name);
    for (event, number) in events.iter().zip(1..) {
        let mut run = host.run(event, args.repeat);
        run.packet = event.packet.is_some().then_some(number);
        let trapped = run.trap.is_some();
        report.runs.push(run);
        if trapped {
            break;
        }
    }
    report.finish(host);
    report.print(out)?;
    Ok(report.runs.iter().all(|run| run.trap.is_none()))
}

/// The program with this name, or the only one.
fn choose<'a>(bundle: &Bundle<'a>, name: Option<&str>) -> Result<Program<'a>> {
    let names = || bundle.programs().map(|p| p.name).collect::<Vec<_>>().join(", ");
    let mut fitting = bundle.programs().filter(|p| name.is_none_or(|name| p.name == name));
    match (fitting.next(), fitting.next()) {
        (Some(program), None) => Ok(program),
        (Some(_), Some(_)) => bail!("several programs: say which by --prog: {}", names()),
        (None, _) => bail!("no program {:?} in it: there are {}", name.unwrap_or_default(), names()),
    }
}

/// What the verifier proved of the program with this name.
fn proven(bundle: &[u8], name: &str) -> Result<Summary> {
    let verdict = verdict::verify(bundle)?.into_iter().find(|verdict| verdict.name == name);
    match verdict.context("the program was not verified")?.result {
        Ok(summary) => Ok(summary),
        Err(refused) => bail!("program {name} is refused, it was not run: {}", refused.log),
    }
}

/// The events that the command line gives, one at least.
fn events(args: &Run, hook: &Hook) -> Result<Vec<Event>> {
    let context = match &args.context {
        Some(text) => context::read(hook, text)?,
        None => vec![0; hook.context_size as usize],
    };
    match &args.pcap {
        Some(file) => packets::events(file, hook, &context),
        None => Ok(vec![Event { packet: None, context }]),
    }
}
