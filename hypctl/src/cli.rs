//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::units::parse_duration;

/// Loads eBPF programs into a device that runs hypOS, and looks into it.
#[derive(Debug, Parser)]
#[command(name = "hypctl", version, arg_required_else_help = true)]
pub struct Cli {
    /// The device.
    #[arg(
        long,
        short,
        global = true,
        value_name = "DEVICE",
        help = "A socket's path, HOST:PORT or a tty's path [default: HYPOS_DEVICE, else the running system]"
    )]
    pub device: Option<String>,
    /// Print JSON
    #[arg(long, short, global = true)]
    pub json: bool,
    /// How long the device may take to answer
    #[arg(long, global = true, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub timeout: std::time::Duration,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Programs: load, attach, look at, detach, unload
    #[command(subcommand)]
    Prog(Prog),
    /// Maps: look at them, and at what they hold; change it
    #[command(subcommand)]
    Map(Map),
    /// Print what programs print and send, as it comes
    Trace {
        /// Stop after this many records
        #[arg(long, short = 'n', value_name = "N")]
        count: Option<u64>,
    },
    /// Print what happened: faults, restarts, refusals, loads
    Events {
        /// Go on with what happens from now on, until Ctrl-C
        #[arg(long, short)]
        follow: bool,
    },
    /// The device: version, time since boot, memory, counters
    Status,
    /// Its services: state, restarts, last fault; and what they count
    Services {
        /// The service to show, with its counters; all if left out
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Show the counters of all
        #[arg(long, short)]
        counters: bool,
    },
    /// One service: restart it
    #[command(subcommand)]
    Service(Service),
    /// Who holds which capability
    Caps {
        /// Draw a picture into a file, or print it
        #[arg(long, value_name = "FILE")]
        svg: Option<Option<PathBuf>>,
    },
    /// Verify an object's programs here, without a device
    Verify {
        /// The object, as clang -target bpf makes it
        #[arg(value_name = "FILE.o")]
        file: PathBuf,
        /// How strict the verifier is.
        #[command(flatten)]
        strict: Strict,
    },
    /// Run a program of an object here, without a device, and print what it did
    Run(Run),
    /// Print a script that completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// A run on the host.
#[derive(Debug, Args)]
#[command(
    after_help = "The program is verified first, and runs with the budget of a device. JSON names the fields of the hook's \
                  context, those left out are 0: '{\"now_ns\": 1000}', bytes as [1, 2], \"text\" or \"hex:0102\". Of maps \
                  that programs can write to, all entries are printed but those of arrays that are zero."
)]
pub struct Run {
    /// The object, as clang -target bpf makes it
    #[arg(value_name = "FILE.o")]
    pub file: PathBuf,
    /// Which program; may be left out if there is one
    #[arg(long, value_name = "NAME")]
    pub prog: Option<String>,
    /// The context: JSON, hex:DIGITS or @FILE with one of them; zeros if left out
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,
    /// Run for each packet of a capture file, pcap or pcapng
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// How often to run for each event
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
}

/// How strict the verifier is.
#[derive(Clone, Copy, Debug, Args)]
pub struct Strict {
    /// Refuse programs for which no bound on executed instructions can be proven
    #[arg(long)]
    pub strict_termination: bool,
}

/// Commands on programs.
#[derive(Debug, Subcommand)]
pub enum Prog {
    /// Load all programs of an object
    Load {
        /// The object, as clang -target bpf makes it
        #[arg(value_name = "FILE.o")]
        file: PathBuf,
        /// Leave verifying to the device
        #[arg(long)]
        no_verify: bool,
        /// The version that the device is to know the object by
        #[arg(long, value_name = "N", default_value_t = 0)]
        object_version: u64,
        /// How strict the verifier is.
        #[command(flatten)]
        strict: Strict,
    },
    /// Put a program in the place of another, between two events: it takes over attachment and maps
    #[command(
        override_usage = "hypctl prog replace [OPTIONS] <PROG> <FILE.o>",
        after_help = "PROG is NAME, name NAME or id N. Maps of the same name and description go on with what is in them."
    )]
    Replace {
        /// A program and an object.
        #[arg(value_name = "PROG FILE.o", num_args = 2..=3, required = true, hide = true)]
        words: Vec<String>,
        /// How strict the verifier is.
        #[command(flatten)]
        strict: Strict,
    },
    /// Run a program at each event of a hook
    #[command(
        override_usage = "hypctl prog attach [OPTIONS] <PROG> <HOOK>",
        after_help = "PROG is NAME, name NAME or id N; HOOK is timer (which takes a period) or serial."
    )]
    Attach {
        /// A program and a hook.
        #[arg(value_name = "PROG HOOK", num_args = 2..=3, required = true, hide = true)]
        words: Vec<String>,
        /// Time between two events of a timer
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        period: Option<std::time::Duration>,
    },
    /// List programs
    #[command(visible_alias = "show")]
    List {
        /// NAME, name NAME or id N; all if left out
        #[arg(value_name = "PROG", num_args = 0..=2)]
        words: Vec<String>,
    },
    /// Stop running a program at its hook
    Detach {
        /// NAME, name NAME or id N
        #[arg(value_name = "PROG", num_args = 1..=2, required = true)]
        words: Vec<String>,
    },
    /// Remove a program from the device
    Unload {
        /// NAME, name NAME or id N
        #[arg(value_name = "PROG", num_args = 1..=2, required = true)]
        words: Vec<String>,
    },
}

/// Commands on a service.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Build a service anew, and wait until it is ready
    Restart {
        /// Its name: hypctl services lists them
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Commands on maps.
#[derive(Debug, Subcommand)]
pub enum Map {
    /// List maps
    #[command(visible_alias = "show")]
    List {
        /// NAME, name NAME or id N; all if left out
        #[arg(value_name = "MAP", num_args = 0..=2)]
        words: Vec<String>,
    },
    /// Print what a map holds
    Dump {
        /// NAME, name NAME or id N
        #[arg(value_name = "MAP", num_args = 1..=2, required = true)]
        words: Vec<String>,
    },
    /// Print the value of a key
    #[command(visible_alias = "lookup", override_usage = "hypctl map get [OPTIONS] <MAP> <KEY>", after_help = MAP_WORDS)]
    Get {
        /// A map and a key.
        #[arg(value_name = "MAP KEY", num_args = 2..=3, required = true, hide = true, allow_negative_numbers = true)]
        words: Vec<String>,
    },
    /// Set the value of a key
    #[command(visible_alias = "update", override_usage = "hypctl map set [OPTIONS] <MAP> <KEY> <VALUE>", after_help = MAP_WORDS)]
    Set {
        /// A map, a key and a value.
        #[arg(value_name = "MAP KEY VALUE", num_args = 3..=4, required = true, hide = true, allow_negative_numbers = true)]
        words: Vec<String>,
        /// Refuse a key that is in the map already, or one that is not
        #[arg(long, value_name = "WHICH")]
        only: Option<Only>,
    },
    /// Remove a key
    #[command(override_usage = "hypctl map delete [OPTIONS] <MAP> <KEY>", after_help = MAP_WORDS)]
    Delete {
        /// A map and a key.
        #[arg(value_name = "MAP KEY", num_args = 2..=3, required = true, hide = true, allow_negative_numbers = true)]
        words: Vec<String>,
    },
}

const MAP_WORDS: &str = "MAP is NAME, name NAME or id N; KEY and VALUE are a number (5, -1, 0x1f), a list of bytes \
                         ([1, \"0xff\"]) or hex:0a000000.";

/// Which keys may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// Keys that are not in the map.
    New,
    /// Keys that are in the map.
    Existing,
}
