//! `kernel-config`: builds seL4 5.0.0 for a platform and writes it as a prefix, the form in which an
//! installed seL4 comes, so that everything after it knows that one form only.
#![forbid(unsafe_code)]

mod arch;
mod copy;
mod grub;
mod installed;
mod kernel;
mod platform;
mod prefix;
mod python;
mod settings;
mod source;
mod stamp;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};

/// Builds the kernel of a platform and prints the path of each prefix on standard output.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The platform: a folder `<arch>/<board>` with an `autoconf.h`, such as `x86_64/pc99`.
    #[arg(long, value_name = "ARCH/BOARD")]
    platform: String,
    /// Which kernel; both when left out.
    #[arg(long)]
    config: Option<Config>,
    /// Takes the installed seL4 (13 to 16) in this folder in place of building one: checks it, says on standard error what
    /// it is, and prints the prefix to build with.
    #[arg(long, value_name = "PREFIX", conflicts_with = "config")]
    installed: Option<PathBuf>,
    /// What the installed kernel must have been built with.
    #[arg(long, requires = "installed")]
    needs: Vec<installed::Need>,
    /// Writes the kernel of this prefix in the form that GRUB takes, and prints the GRUB command that loads it.
    #[arg(long, value_name = "PREFIX", requires = "to", conflicts_with_all = ["config", "installed"])]
    grub: Option<PathBuf>,
    /// Where the kernel for GRUB is written.
    #[arg(long, value_name = "FILE", requires = "grub")]
    to: Option<PathBuf>,
    /// Where prefixes are written: `<out>/<arch>-<board>/<config>`.
    #[arg(long, default_value = "target/sel4")]
    out: PathBuf,
}

/// The two kernels of a platform. They differ in the defines of [`Config::defines`] only.
#[derive(Clone, Copy, ValueEnum)]
enum Config {
    /// Prints to the platform's UART, checks its assertions, has the debug system calls.
    Debug,
    /// Neither prints nor checks.
    Release,
}

impl Config {
    const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    /// Lines that this configuration adds to the platform's `autoconf.h`. The trace length counts the words
    /// of the stack dump after a user fault (`src/arch/x86/64/kernel/vspace.c`).
    const fn defines(self) -> &'static str {
        match self {
            Self::Debug => concat!(
                "#define CONFIG_DEBUG_BUILD 1\n",
                "#define CONFIG_PRINTING 1\n",
                "#define CONFIG_USER_STACK_TRACE_LENGTH (16)\n",
            ),
            Self::Release => "",
        }
    }
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kernel-config: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let platform = platform::Platform::find(&options.platform)?;
    if let (Some(prefix), Some(to)) = (&options.grub, &options.to) {
        println!("{}", grub::write(prefix, to)?);
        return Ok(());
    }
    if let Some(prefix) = &options.installed {
        println!("{}", installed::adopt(&platform, prefix, &options.needs, &options.out)?.display());
        return Ok(());
    }
    let configs = options.config.map_or(vec![Config::Debug, Config::Release], |config| vec![config]);
    for config in configs {
        println!("{}", prefix::ensure(&platform, config, &options.out)?.display());
    }
    Ok(())
}
