//! The commands.

mod entry;
mod events;
mod info;
mod map;
mod pages;
mod prog;
mod run;
mod service;
mod services;
mod stop;
mod trace;
mod verify;

use std::{fs, io::Read, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use clap::CommandFactory;
use proto::host::response;

use crate::{
    cli::{Cli, Command},
    client::Client,
    device::{self, Address},
    elf,
    output::Output,
};

/// Carries out what the command line says; gives whether all went well.
///
/// # Errors
/// What did not, and what to do next.
pub fn run(cli: &Cli, out: &mut Output<'_>) -> Result<bool> {
    match &cli.command {
        Command::Verify { file, strict } => return verify::verify(file, *strict, out),
        Command::Run(args) => return run::run(args, out),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "hypctl", &mut out.writer());
        }
        Command::Prog(command) => prog::run(cli, command, out)?,
        Command::Map(command) => map::run(&mut connect(cli)?, command, out)?,
        Command::Trace { count } => trace::trace(&mut connect(cli)?, *count, out)?,
        Command::Events { follow } => events::events(&mut connect(cli)?, *follow, out)?,
        Command::Status => info::status(&mut connect(cli)?, out)?,
        Command::Services { name, counters } => {
            services::services(&mut connect(cli)?, name.as_deref(), *counters, out)?;
        }
        Command::Service(command) => service::run(&mut connect(cli)?, command, cli.timeout, out)?,
        Command::Caps { svg } => info::caps(&mut connect(cli)?, svg.as_ref(), out)?,
    }
    Ok(true)
}

/// The device that the command line means.
fn connect(cli: &Cli) -> Result<Client> {
    let address = match &cli.device {
        Some(text) => Address::parse(text)?,
        None => device::find()?,
    };
    Client::open(address, cli.timeout)
}

/// Reads a file of at most `limit` bytes; errors begin with its name.
fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = path.display();
    let open = fs::File::open(path).with_context(|| format!("{file}"))?;
    let mut bytes = Vec::new();
    open.take(limit + 1).read_to_end(&mut bytes).with_context(|| format!("{file}"))?;
    if bytes.len() as u64 > limit {
        bail!("{file}: more than {} MiB, which is more than is read", limit >> 20);
    }
    Ok(bytes)
}

/// Reads an object file; errors begin with its name.
fn read_object(path: &Path) -> Result<elf::Object> {
    read_object_by(path, elf::read)
}

/// Reads an object file by one of the reader's functions.
fn read_object_by(path: &Path, read: fn(&str, &[u8]) -> Result<elf::Object>) -> Result<elf::Object> {
    let bytes = read_file(path, elf::MAX_FILE_BYTES)?;
    read(&path.to_string_lossy(), &bytes).with_context(|| path.display().to_string())
}

/// The bundle of an object that was read from `path`; errors begin with its name.
fn bundle(path: &Path, object: &elf::Object) -> Result<Vec<u8>> {
    elf::bundle(&object.contents).with_context(|| path.display().to_string())
}

/// The device answered something else than what was asked for.
fn unexpected(answer: &response::Body) -> anyhow::Error {
    let text = format!("{answer:?}");
    let kind = text.split(['(', ' ']).next().unwrap_or_default();
    anyhow!("the device answered {kind} to another question: are hypctl and the device of one version?")
}
