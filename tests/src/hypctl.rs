//! A running system, asked by hypctl.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{Options, System, qemu::PATIENCE, tools};

impl System {
    /// Boots, loads an example and attaches it.
    ///
    /// # Errors
    /// As [`System::boot`] and [`System::hypctl`].
    pub fn running(object: &str, attach: &[&str]) -> Result<Self> {
        let system = Self::boot(&Options::default())?;
        system.hypctl(&["prog", "load", &format!("examples/{object}")])?;
        system.hypctl(&[&["prog", "attach"], attach].concat())?;
        Ok(system)
    }

    /// Runs hypctl and wants it to succeed; gives its output.
    ///
    /// # Errors
    /// It fails.
    pub fn hypctl(&self, args: &[&str]) -> Result<String> {
        let output = tools::hypctl(&self.socket(), args)?;
        if !output.status.success() {
            bail!("hypctl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs hypctl with `--json`; gives what it prints.
    ///
    /// # Errors
    /// It fails, or prints something else than one line of JSON.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let printed = self.hypctl(&[args, &["--json"]].concat())?;
        if printed.lines().count() != 1 {
            bail!("hypctl {args:?} --json printed {} lines", printed.lines().count());
        }
        serde_json::from_str(&printed).with_context(|| format!("hypctl {args:?}: {printed}"))
    }

    /// One field of `hypctl status`, a number.
    ///
    /// # Errors
    /// As [`System::json`].
    pub fn status(&self, field: &str) -> Result<u64> {
        self.json(&["status"])?[field].as_u64().with_context(|| format!("status has no {field}"))
    }

    /// Runs hypctl and wants it to fail with status 1, printing nothing but an error; gives that.
    ///
    /// # Errors
    /// It succeeds, or fails in another way.
    pub fn hypctl_fails(&self, args: &[&str]) -> Result<String> {
        let output = tools::hypctl(&self.socket(), args)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if output.status.code() != Some(1) || !printed.is_empty() {
            bail!("hypctl {args:?} ended with {}: {printed}", output.status);
        }
        Ok(String::from_utf8(output.stderr)?)
    }

    /// How often a program ran so far.
    ///
    /// # Errors
    /// As [`System::json`], or there is no such program.
    pub fn runs(&self, program: &str) -> Result<u64> {
        self.json(&["prog", "show", program])?[0]["runs"].as_u64().context("a program has runs")
    }

    /// Waits until a program has run more often than now.
    ///
    /// # Errors
    /// It does not within [`PATIENCE`].
    pub fn counts_up(&self, program: &str) -> Result<()> {
        let (before, end) = (self.runs(program)?, Instant::now() + PATIENCE);
        while self.runs(program)? <= before {
            if Instant::now() > end {
                bail!("{program} does not run:\n{}", self.console());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}
