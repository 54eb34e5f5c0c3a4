//! Writes Rust from the model.

mod bitfields;
mod invocations;

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Settings;
use crate::model::{Api, Syscall};

/// The text of the bindings. It expects to be included where `seL4_IPCBuffer` with its `invoke` is known.
///
/// # Errors
///
/// A method that can't be marshalled.
pub fn rust(api: &Api, settings: &Settings) -> Result<String> {
    let mut out = String::new();
    let bits = api.word_bits;
    writeln!(out, "/// A machine word.\npub type seL4_Word = u{bits};")?;
    writeln!(out, "/// The kernel's name and version.\npub const KERNEL: &str = \"seL4 {}\";", api.version)?;
    writeln!(out, "/// How many words of a message travel in machine registers.")?;
    writeln!(out, "pub const REGISTER_WORDS: usize = {};", api.register_words)?;
    config(&mut out, settings)?;
    constants(&mut out, api)?;
    numbers(&mut out, api)?;
    for structure in &api.structs {
        writeln!(out, "/// `{}`.", structure.name)?;
        writeln!(out, "#[repr(C)]\n#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]")?;
        writeln!(out, "pub struct {} {{", structure.name)?;
        for member in &structure.members {
            writeln!(out, "    /// `{member}`.\n    pub {member}: seL4_Word,")?;
        }
        writeln!(out, "}}\nimpl {} {{", structure.name)?;
        writeln!(out, "    /// The words in order.\n    #[inline]")?;
        writeln!(out, "    pub const fn words(&self) -> [seL4_Word; {}] {{", structure.members.len())?;
        let members: Vec<_> = structure.members.iter().map(|member| format!("self.{member}")).collect();
        writeln!(out, "        [{}]\n    }}\n}}", members.join(", "))?;
    }
    bitfields::write(&mut out, &api.bitfields)?;
    invocations::write(&mut out, api)?;
    Ok(out)
}

/// The settings: a switch as `bool` (absent when off), a number as `usize`, a word as `&str`.
fn config(out: &mut String, settings: &Settings) -> Result<()> {
    writeln!(out, "/// The kernel's settings.\npub mod config {{")?;
    for (name, value) in settings.iter() {
        writeln!(out, "    /// `CONFIG_{name}`.")?;
        match value {
            Value::Bool(on) => writeln!(out, "    pub const {name}: bool = {on};")?,
            value => {
                let text = value.as_str().with_context(|| format!("{name}: neither switch nor string"))?;
                match text.parse::<usize>() {
                    Ok(number) => writeln!(out, "    pub const {name}: usize = {number};")?,
                    Err(_) => writeln!(out, "    pub const {name}: &str = {text:?};")?,
                }
            }
        }
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn constants(out: &mut String, api: &Api) -> Result<()> {
    for (name, value) in &api.constants {
        let kind = if *value < 0 { "isize" } else { "seL4_Word" };
        writeln!(out, "/// `{name}` of the kernel's headers.\npub const {name}: {kind} = {value};")?;
    }
    Ok(())
}

/// System call numbers and invocation labels. A system call that some kernels lack is an `Option`.
fn numbers(out: &mut String, api: &Api) -> Result<()> {
    writeln!(out, "/// System call numbers.\npub mod syscall_id {{")?;
    for Syscall { name, number, conditional, present } in &api.syscalls {
        let (kind, value) = match (conditional, present) {
            (false, _) => ("isize", number.to_string()),
            (true, true) => ("Option<isize>", format!("Some({number})")),
            (true, false) => ("Option<isize>", "None".to_string()),
        };
        writeln!(out, "    /// `seL4_{name}`.\n    pub const {name}: {kind} = {value};")?;
    }
    writeln!(out, "}}\n/// Invocation labels.\npub mod invocation_label {{")?;
    for method in &api.methods {
        let (interface, name, id) = (&method.interface, &method.name, &method.id);
        writeln!(out, "    /// `{interface}_{name}`.")?;
        writeln!(out, "    pub const {id}: super::seL4_Word = {};", method.label)?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

/// A C name as a Rust identifier.
fn identifier(name: &str) -> String {
    const KEYWORDS: [&str; 8] = ["type", "move", "ref", "in", "loop", "match", "self", "box"];
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_string() }
}
