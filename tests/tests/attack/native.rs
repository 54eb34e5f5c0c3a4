//! The attacks' machine code: `tests/attack/`, compiled for the board's machine and taken as it is.

use std::{fs, path::Path, process::Command, sync::OnceLock};

use anyhow::{Context, Result, ensure};
use bpf_runtime::isa::{INSN_BYTES, Insn};
use hypos_tests::tools;
use object::{Object, ObjectSection};

use crate::machine::Machine;

/// What all machines' compilers are told: one section that needs no linker, no runtime, no instruction of floating point.
const FLAGS: &[&str] = &[
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-fPIC",
    "-fno-jump-tables",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-vectorize",
    "-fno-slp-vectorize",
];

fn clang(words: &[&str]) -> Result<Vec<u8>> {
    let source = tools::top().join("tests/attack/attack.c");
    let output = Command::new("clang-19")
        .args(Machine::get().compiler)
        .args(FLAGS)
        .args(words)
        .arg(source)
        .output()
        .context("clang-19; run scripts/setup.sh")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn compile(object: &Path) -> Result<Vec<Insn>> {
    clang(&["-c", "-o", &object.to_string_lossy()])?;
    let file = fs::read(object)?;
    let file = object::File::parse(&*file)?;
    let to_link = file.sections().any(|section| section.relocations().next().is_some());
    ensure!(!to_link, "tests/attack/attack.c wants a linker: keep data and calls out of it");
    let text = file.section_by_name(".text").context("no code")?;
    let mut bytes = text.data()?.to_vec();
    bytes.resize(bytes.len().next_multiple_of(INSN_BYTES), 0);
    let (words, _) = bytes.as_chunks();
    Ok(words.iter().map(|word| Insn::from_bytes(*word)).collect())
}

/// The machine code, in the form in which a bundle carries programs.
pub fn code() -> Result<Vec<Insn>> {
    static CODE: OnceLock<Result<Vec<Insn>, String>> = OnceLock::new();
    let made = CODE.get_or_init(|| {
        let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
        compile(&dir.path().join("attack.o")).map_err(|e| format!("{e:#}"))
    });
    made.clone().map_err(anyhow::Error::msg)
}

/// The names of the instructions that are tried, in their order.
pub fn instructions() -> Result<Vec<String>> {
    let text = String::from_utf8(clang(&["-E", "-P", "-DNAMES"])?)?;
    // The last lines are the names, as C texts.
    let names: Vec<_> = text.rsplit(['}', ';']).next().unwrap_or("").split('"').skip(1).step_by(2).collect();
    ensure!(!names.is_empty(), "{text}");
    Ok(names.into_iter().map(str::to_owned).collect())
}
