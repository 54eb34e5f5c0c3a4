//! `hypctl`, see `hypctl --help`.
#![forbid(unsafe_code)]

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use clap::Parser;
use hypctl::{cli::Cli, commands, output::Output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut stdout = io::stdout().lock();
    match commands::run(&cli, &mut Output::new(&mut stdout, cli.json)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // `hypctl trace | head` is no error.
        Err(e) if is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("hypctl: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of our output went away. Only printing gives an `io::Error` without a context.
fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.chain().len() == 1 && e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}
