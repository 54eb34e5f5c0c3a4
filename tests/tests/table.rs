//! A table of capabilities that breaks a rule does not compile, and the compiler says which rule: each program in
//! `tests/negative` is a table, and its first line the error that it is to be refused with, if any.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use hypos_tests::tools;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode> {
    let libraries = Arc::new(libraries().map_err(|error| format!("{error:#}")));
    let mut trials = Vec::new();
    for entry in fs::read_dir(tools::top().join("tests/negative"))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().filter(|_| path.is_file()) else { continue };
        let (name, libraries) = (name.to_string_lossy().into_owned(), Arc::clone(&libraries));
        trials.push(Trial::test(name, move || match &*libraries {
            Ok(libraries) => check(&path, libraries).map_err(|error| format!("{error:#}").into()),
            Err(error) => Err(Failed::from(error)),
        }));
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

/// Builds the table's library for the host; gives the files of it and of its words.
fn libraries() -> Result<BTreeMap<String, PathBuf>> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "-p", "system", "-p", "caps", "--message-format=json"])
        .current_dir(tools::top())
        .output()?;
    if !output.status.success() {
        bail!("the table's library can't be built:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut libraries = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value = serde_json::from_slice(line)?;
        let (name, files) = (&message["target"]["name"], &message["filenames"]);
        let mut files =
            files.as_array().into_iter().flatten().filter_map(|file| file.as_str()).map(PathBuf::from);
        if let (Some(name @ ("caps" | "system")), Some(file)) =
            (name.as_str(), files.find(|file| file.extension().is_some_and(|end| end == "rlib")))
        {
            libraries.insert(name.into(), file);
        }
    }
    Ok(libraries)
}

/// Compiles a program; it must be refused with its error and no other, or accepted if it names none.
fn check(program: &Path, libraries: &BTreeMap<String, PathBuf>) -> Result<()> {
    let text = fs::read_to_string(program)?;
    let first = text.lines().next().unwrap_or_default();
    let expected = first.strip_prefix("//! ").filter(|line| line.starts_with("table: "));
    let out = tempfile::tempdir()?;
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "--error-format", "json", "--emit", "metadata", "--out-dir"]);
    rustc.arg(out.path()).arg(program);
    for (name, file) in libraries {
        let folder = file.parent().context("a file in a folder")?;
        rustc.arg("--extern").arg(format!("{name}={}", file.display()));
        rustc.arg("-L").arg(format!("dependency={}/deps", folder.display()));
    }
    let output = rustc.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let errors = errors(&said)?;
    match (expected, &errors[..]) {
        (None, []) if output.status.success() => Ok(()),
        (Some(expected), [error]) if *error == format!("evaluation panicked: {expected}") => Ok(()),
        _ => bail!("the compiler was to say {expected:?}; it said {errors:?}:\n{said}"),
    }
}

/// The messages of a compiler's errors, without the one that counts them, which has no code.
fn errors(said: &str) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    for line in said.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        if message["level"] == "error" && !message["code"].is_null() {
            errors.push(message["message"].as_str().unwrap_or_default().into());
        }
    }
    Ok(errors)
}
