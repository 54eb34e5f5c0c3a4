//! `prog`: load, attach, list, detach, unload.

use std::{path::Path, time::Duration};

use anyhow::{Result, bail};
use proto::host::{
    AttachRequest, Attachment, LoadRequest, Loaded, Program, ProgramRequest, ReplaceRequest, UploadRequest,
    request, response,
};
use serde::Serialize;

use super::{bundle, connect, pages, read_object, services::state, unexpected, verify};
use crate::{
    cli::{Cli, Prog, Strict},
    client::{Client, Repeat},
    output::{Output, Row, clean},
    target::{self, Target},
    units,
};

/// Bytes of a piece of a bundle: what the device takes in one request.
const PIECE_BYTES: usize = 1024;

/// Carries out a command on programs.
pub fn run(cli: &Cli, command: &Prog, out: &mut Output<'_>) -> Result<()> {
    match command {
        Prog::Load { file, no_verify, object_version, strict } => {
            let mut object = read_object(file)?;
            object.contents.version = *object_version;
            verify::set_strict(&mut object, *strict);
            let bundle = bundle(file, &object)?;
            if !no_verify {
                verify::check(file, &bundle)?;
            }
            load(&mut connect(cli)?, &bundle, out)
        }
        Prog::Replace { words, strict } => {
            let (target, rest) = Target::parse(words)?;
            let [file] = rest else { bail!("say by what: prog replace PROG FILE.o") };
            replace(cli, &target, Path::new(file), *strict, out)
        }
        Prog::Attach { words, period } => attach(&mut connect(cli)?, words, *period, out),
        Prog::List { words } => list(&mut connect(cli)?, words, out),
        Prog::Detach { words } => {
            let target = Target::only(words)?;
            done(&mut connect(cli)?, &request::Body::Detach(program(&target)))?;
            Ok(out.done(&format!("{target} detached"))?)
        }
        Prog::Unload { words } => {
            let target = Target::only(words)?;
            done(&mut connect(cli)?, &request::Body::Unload(program(&target)))?;
            Ok(out.done(&format!("{target} unloaded"))?)
        }
    }
}

fn program(target: &Target) -> ProgramRequest {
    let (id, name) = target.id_and_name();
    ProgramRequest { id, name }
}

/// Asks for something that is answered with nothing but that it was done.
fn done(client: &mut Client, body: &request::Body) -> Result<()> {
    match client.request(Repeat::No, body)? {
        response::Body::Done(_) => Ok(()),
        other => Err(unexpected(&other)),
    }
}

/// Of an object with several programs, the one of the same name takes the place.
fn replace(cli: &Cli, target: &Target, file: &Path, strict: Strict, out: &mut Output<'_>) -> Result<()> {
    let mut object = read_object(file)?;
    verify::set_strict(&mut object, strict);
    let programs = &mut object.contents.programs;
    if programs.len() > 1 {
        let (_, name) = target.id_and_name();
        programs.retain(|program| program.name == name);
        if programs.is_empty() {
            bail!(
                "{} has several programs and none is named {target}: name the old one by its name",
                file.display()
            );
        }
    }
    let bundle = bundle(file, &object)?;
    verify::check(file, &bundle)?;
    let client = &mut connect(cli)?;
    upload(client, &bundle)?;
    let body = ReplaceRequest { program: Some(program(target)), size: bundle.len() as u32 };
    loaded(client, &request::Body::Replace(body), out)
}

fn load(client: &mut Client, bundle: &[u8], out: &mut Output<'_>) -> Result<()> {
    upload(client, bundle)?;
    loaded(client, &request::Body::Load(LoadRequest { size: bundle.len() as u32 }), out)
}

fn upload(client: &mut Client, bundle: &[u8]) -> Result<()> {
    for (i, piece) in bundle.chunks(PIECE_BYTES).enumerate() {
        let upload = UploadRequest { offset: (i * PIECE_BYTES) as u32, data: piece.to_vec() };
        match client.request(Repeat::Yes, &request::Body::Upload(upload))? {
            response::Body::Done(_) => {}
            other => return Err(unexpected(&other)),
        }
    }
    Ok(())
}

/// Asks for what is answered with the programs that are loaded now.
fn loaded(client: &mut Client, body: &request::Body, out: &mut Output<'_>) -> Result<()> {
    match client.request(Repeat::No, body)? {
        response::Body::Load(loaded) => {
            let rows: Vec<_> = loaded.programs.iter().map(LoadedRow::from).collect();
            Ok(out.list(&rows, "nothing was loaded")?)
        }
        other => Err(unexpected(&other)),
    }
}

fn attach(
    client: &mut Client,
    words: &[String],
    period: Option<Duration>,
    out: &mut Output<'_>,
) -> Result<()> {
    let (target, rest) = Target::parse(words)?;
    let [hook] = rest else { bail!("say which hook: prog attach PROG HOOK, like prog attach tick timer") };
    let hook = target::checked(hook)?;
    let period_ns = period.map_or(0, |p| u64::try_from(p.as_nanos()).unwrap_or(u64::MAX));
    let body = AttachRequest { program: Some(program(&target)), hook: hook.clone(), period_ns };
    done(client, &request::Body::Attach(body))?;
    Ok(out.done(&format!("{target} attached to {}", at_hook(&hook, period_ns)))?)
}

fn at_hook(hook: &str, period_ns: u64) -> String {
    let hook = clean(hook);
    if period_ns == 0 { hook } else { format!("{hook} every {}", units::duration(period_ns)) }
}

fn list(client: &mut Client, words: &[String], out: &mut Output<'_>) -> Result<()> {
    let target = if words.is_empty() { None } else { Some(Target::only(words)?) };
    let mut programs: Vec<Program> = pages::all(client)?;
    if let Some(target) = &target {
        programs.retain(|p| target.matches(p.id, &p.name));
        if programs.is_empty() {
            bail!("no program {target}: prog list shows all");
        }
    }
    let attachments: Vec<Attachment> = pages::all(client)?;
    let rows: Vec<_> = programs.iter().map(|p| ProgramRow::new(p, &attachments)).collect();
    Ok(out.list(&rows, "no programs: load one with prog load FILE.o")?)
}

/// A program that was just loaded.
#[derive(Serialize)]
struct LoadedRow {
    id: u32,
    name: String,
    instruction_bound: Option<u32>,
    stack_bytes: u32,
}

impl From<&Loaded> for LoadedRow {
    fn from(p: &Loaded) -> Self {
        let instruction_bound = Some(p.instruction_bound).filter(|bound| *bound != 0);
        Self { id: p.id, name: p.name.clone(), instruction_bound, stack_bytes: p.stack_bytes }
    }
}

fn bound(bound: Option<u32>) -> String {
    bound.map_or_else(|| "-".into(), |bound| bound.to_string())
}

impl Row for LoadedRow {
    const HEADER: &'static [&'static str] = &["ID", "NAME", "INSTRUCTIONS AT MOST", "STACK"];

    fn cells(&self) -> Vec<String> {
        let stack = units::bytes(self.stack_bytes.into());
        vec![self.id.to_string(), clean(&self.name), bound(self.instruction_bound), stack]
    }
}

/// A program that is on the device.
#[derive(Serialize)]
struct ProgramRow {
    id: u32,
    name: String,
    hook: String,
    /// bpftool's `tag`, null where the device has none.
    tag: Option<String>,
    attached: bool,
    period_ns: Vec<u64>,
    instructions: u32,
    instruction_bound: Option<u32>,
    stack_bytes: u32,
    map_ids: Vec<u32>,
    runs: u64,
    run_ns: u64,
    state: String,
    faults: u64,
    last_fault: Option<String>,
    loaded_at_ns: u64,
}

impl ProgramRow {
    fn new(p: &Program, attachments: &[Attachment]) -> Self {
        let own = attachments.iter().filter(|a| a.program_id == p.id);
        Self {
            id: p.id,
            name: p.name.clone(),
            hook: p.hook.clone(),
            tag: Some(p.tag).filter(|tag| *tag != 0).map(|tag| format!("{tag:016x}")),
            attached: p.attached,
            period_ns: own.map(|a| a.period_ns).collect(),
            instructions: p.instructions,
            instruction_bound: Some(p.instruction_bound).filter(|bound| *bound != 0),
            stack_bytes: p.stack_bytes,
            map_ids: p.map_ids.clone(),
            runs: p.runs,
            run_ns: p.run_ns,
            state: state(p.state()),
            faults: p.faults,
            last_fault: Some(p.last_fault.clone()).filter(|why| !why.is_empty()),
            loaded_at_ns: p.loaded_at_ns,
        }
    }
}

impl Row for ProgramRow {
    const HEADER: &'static [&'static str] = &[
        "ID", "NAME", "HOOK", "ATTACHED", "INSNS", "AT MOST", "STACK", "MAPS", "RUNS", "PER RUN", "STATE",
        "FAULTS",
    ];

    fn cells(&self) -> Vec<String> {
        let periods = self.period_ns.iter().filter(|ns| **ns != 0).map(|ns| units::duration(*ns));
        let periods = periods.collect::<Vec<_>>().join(", ");
        let attached = match (self.attached, periods.as_str()) {
            (false, _) => "no".into(),
            (true, "") => "yes".into(),
            (true, periods) => format!("every {periods}"),
        };
        let maps: Vec<_> = self.map_ids.iter().map(u32::to_string).collect();
        vec![
            self.id.to_string(),
            clean(&self.name),
            clean(&self.hook),
            attached,
            self.instructions.to_string(),
            bound(self.instruction_bound),
            units::bytes(self.stack_bytes.into()),
            maps.join(","),
            self.runs.to_string(),
            self.run_ns.checked_div(self.runs).map_or_else(|| "-".into(), units::duration),
            self.state.clone(),
            match &self.last_fault {
                Some(why) => format!("{}: {}", self.faults, clean(why)),
                None => self.faults.to_string(),
            },
        ]
    }
}
