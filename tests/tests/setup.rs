//! What the scripts say when something is missing, and what they do when nothing is. Programs that a machine lacks
//! are left out of `PATH`; those that fail are replaced.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Result, ensure};
use hypos_tests::tools;

/// A machine that lacks some of this one's programs and has others in their place.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn without(missing: &[&str]) -> Result<Self> {
        let machine = Self { dir: tempfile::tempdir()? };
        fs::create_dir(machine.bin())?;
        for folder in env::split_paths(&env::var_os("PATH").unwrap_or_default()).filter(|path| path.is_dir())
        {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let link = machine.bin().join(&name);
                if !missing.contains(&&*name) && fs::symlink_metadata(&link).is_err() {
                    symlink(entry.path(), link)?;
                }
            }
        }
        Ok(machine)
    }

    fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// Puts a shell script in a program's place.
    fn with(self, name: &str, script: &str) -> Result<Self> {
        let path = self.bin().join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(self)
    }

    /// Debian's packages of these names are not installed.
    fn without_packages(self, names: &[&str]) -> Result<Self> {
        let script =
            format!("case \" $* \" in {}) exit 1;; esac\nexec /usr/bin/dpkg-query \"$@\"", any_of(names));
        self.with("dpkg-query", &script)
    }

    fn run(&self, program: &str, args: &[&str], variables: &[(&str, &Path)]) -> Result<Output> {
        let mut command = Command::new(tools::top().join(program));
        command.args(args).env("PATH", self.bin()).env_remove("CARGO").env_remove("CARGO_TARGET_DIR");
        Ok(command.envs(variables.iter().copied()).current_dir(self.dir.path()).output()?)
    }

    /// Runs a program, which is to end with status 1 and this as its last line.
    fn fails(&self, program: &str, args: &[&str], variables: &[(&str, &Path)], last: &str) -> Result<()> {
        let output = self.run(program, args, variables)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(1), "{program} ended with {}:\n{said}", output.status);
        ensure!(said.lines().last() == Some(last), "{program} was to say {last:?}; it said:\n{said}");
        Ok(())
    }
}

/// A shell pattern for a word among others.
fn any_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("*' {name} '*")).collect::<Vec<_>>().join(" | ")
}

#[test]
fn setup_does_nothing_where_all_is_there() -> Result<()> {
    let machine =
        Machine::without(&[])?.with("apt-get", "echo apt-get $*; exit 1")?.with("sudo", "exit 1")?;
    let machine = machine.with("rustup", "echo rustup $*; exit 1")?;
    let output = machine.run("scripts/setup.sh", &[], &[])?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
    Ok(())
}

#[test]
fn without_cargo_the_scripts_say_where_to_get_it() -> Result<()> {
    let machine = Machine::without(&["cargo"])?;
    let get = "error: no cargo; install Rust stable (https://rustup.rs)";
    machine.fails("scripts/setup.sh", &[], &[], &format!("{get}, then run this again"))?;
    machine.fails("scripts/build.sh", &[], &[], get)
}

#[test]
fn a_missing_package_is_named_where_it_can_not_be_installed() -> Result<()> {
    let machine = Machine::without(&["apt-get"])?.without_packages(&["qemu-system-x86", "clang-19"])?;
    let names = "qemu-system-x86 clang-19";
    let last = format!("error: these packages are missing and there is no apt-get: {names}");
    machine.fails("scripts/setup.sh", &[], &[], &last)?;
    let machine = Machine::without(&["sudo"])?.without_packages(&["qemu-system-x86", "clang-19"])?;
    let machine = machine.with("id", "echo 1000")?.with("apt-get", "exit 1")?;
    machine.fails("scripts/setup.sh", &[], &[], &format!("error: run as root: apt-get install {names}"))
}

#[test]
fn debian_out_of_reach_is_said() -> Result<()> {
    let machine = Machine::without(&[])?.without_packages(&["make"])?.with("sudo", "exec \"$@\"")?;
    let machine = machine.with("apt-get", "exit 100")?;
    let last = "error: Debian's package lists can't be fetched; check the network, then run this again";
    machine.fails("scripts/setup.sh", &[], &[], last)?;
    let machine = machine.with("apt-get", "[ $1 = update ]")?;
    machine.fails("scripts/setup.sh", &[], &[], "error: apt-get could not install: make")
}

/// Where rustup can't bring the core library for bare targets, Debian's toolchain is installed.
#[test]
fn without_rustups_core_library_debians_toolchain_comes() -> Result<()> {
    let fallback = ["cargo-web", "rust-web-src", "lld-19"];
    let machine = Machine::without(&[])?.without_packages(&fallback)?.with("rustup", "exit 1")?;
    let machine = machine.with("rustc", "echo /nowhere")?.with("sudo", "exec \"$@\"")?;
    let list = machine.dir.path().join("installed");
    let machine = machine.with("apt-get", &format!("echo \"$@\" >>{}", list.display()))?;
    let output = machine.run("scripts/setup.sh", &[], &[])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let installed = fs::read_to_string(list)?;
    ensure!(installed.trim_end().ends_with(&fallback.join(" ")), "{installed}");
    Ok(())
}

#[test]
fn a_missing_program_is_named_with_its_package() -> Result<()> {
    let machine = Machine::without(&["objcopy", "clang-19", "llvm-mc-19"])?;
    let last = "error: no objcopy; install Debian's package binutils, or run scripts/setup.sh";
    machine.fails("scripts/build.sh", &[], &[], last)?;
    for (source, last) in [
        ("p.bpf.c", "examples/build.sh: clang-19 is missing: apt install clang-19 libbpf-dev"),
        ("p.rs", "examples/build.sh: llvm-mc-19 is missing: apt install llvm-19"),
    ] {
        let path = machine.dir.path().join(source);
        fs::write(&path, "")?;
        machine.fails("examples/build.sh", &[&path.to_string_lossy()], &[], last)?;
    }
    Ok(())
}

#[test]
fn packages_of_rust_out_of_reach_are_said_with_the_step() -> Result<()> {
    let machine = Machine::without(&[])?;
    let (home, offline) = (machine.dir.path().join("cargo"), Path::new("true"));
    // rustup's cargo finds its toolchain by the home that it was installed in.
    let rustup = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let rustup =
        rustup.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".rustup"))).unwrap_or_default();
    let variables = [("CARGO_HOME", &*home), ("CARGO_NET_OFFLINE", offline), ("RUSTUP_HOME", &*rustup)];
    let last = "error: host programs: failed, for the reason above; \
                if something could not be fetched, check the network and run this again";
    machine.fails("scripts/build.sh", &[], &variables, last)
}

#[test]
fn an_unknown_board_is_refused_with_those_that_there_are() -> Result<()> {
    let machine = Machine::without(&[])?;
    for script in ["scripts/build.sh", "scripts/run.sh"] {
        let output = machine.run(script, &["x86_64/none"], &[])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(1), "{script}: {said}");
        let (_, boards) = said.split_once("error: no board x86_64/none; there are: ").unwrap_or_default();
        ensure!(said.lines().count() == 1 && boards.contains("x86_64/pc99"), "{script}: {said}");
        for board in boards.split_whitespace() {
            ensure!(tools::top().join(board).join("platform.rs").is_file(), "{board} is no board");
        }
    }
    Ok(())
}
