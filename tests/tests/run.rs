//! `scripts/run.sh`: a system in the background.

use std::{
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, Result};
use hypos_tests::tools;

/// Runs `scripts/run.sh` with what it keeps of running systems in `dir`, so that it meets no system of the user's.
fn run(dir: &Path, args: &[&str]) -> Result<Output> {
    let mut command = Command::new(tools::top().join("scripts/run.sh"));
    // What cargo sets for tests would make it build for another board, or anew.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG") || name.starts_with("HYPOS_"))
    {
        command.env_remove(name);
    }
    command.env_remove("SEL4_PREFIX").env_remove("CARGO_MANIFEST_DIR").env("HYPOS_RUN", dir);
    Ok(command.args(args).output()?)
}

/// Ends what a failed test leaves running.
struct Stop<'a>(&'a Path);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        let _ = run(self.0, &["--stop"]);
    }
}

/// The last line of what a script says.
fn last_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_detached_system_starts_once_answers_and_stops() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let first = run(dir.path(), &["--detach"])?;
    let _stop = Stop(dir.path());
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let printed = String::from_utf8(first.stdout)?;
    let socket = dir.path().join(tools::board().replace('/', "-")).join("control.sock");
    assert_eq!(printed, format!("{}\n", socket.display()), "the socket's path and nothing else");
    assert!(tools::hypctl(&socket, &["status"])?.status.success());

    let second = run(dir.path(), &["--detach"])?;
    assert_eq!(second.status.code(), Some(1));
    let board = tools::board();
    let said = last_line(&second.stderr);
    assert_eq!(
        said,
        format!("error: hypOS is running already on {board}; end it with: scripts/run.sh {board} --stop")
    );
    assert!(tools::hypctl(&socket, &["status"])?.status.success(), "the first one goes on");

    let pid = std::fs::read_to_string(socket.with_file_name("qemu.pid"))?;
    let process = Path::new("/proc").join(pid.trim()).join("cmdline");
    // A process that ended and was not waited for has no command line.
    let runs = |cmdline: &Path| std::fs::read(cmdline).is_ok_and(|words| !words.is_empty());
    assert!(runs(&process));
    assert!(run(dir.path(), &["--stop"])?.status.success());
    assert!(!runs(&process) && !socket.exists(), "it is gone");
    let again = run(dir.path(), &["--stop"])?;
    assert_eq!(
        (again.status.code(), last_line(&again.stderr)),
        (Some(1), format!("error: hypOS is not running on {board}"))
    );
    let gone = tools::hypctl(&socket, &["status"])?;
    let said = String::from_utf8(gone.stderr)?;
    assert!(gone.status.code() == Some(1) && said.contains("scripts/run.sh"), "{said}");
    Ok(())
}

#[test]
fn the_console_in_a_terminal_ends_with_ctrl_a_x() -> Result<()> {
    use std::{
        io::{Read, Write},
        process::Stdio,
    };
    let dir = tempfile::tempdir()?;
    let mut child = Command::new(tools::top().join("scripts/run.sh"))
        .env("HYPOS_RUN", dir.path())
        .env_remove("SEL4_PREFIX")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let _stop = Stop(dir.path());
    let (mut input, mut output) =
        (child.stdin.take().context("piped")?, child.stdout.take().context("piped")?);
    let (mut console, mut bytes) = (String::new(), [0; 1024]);
    while !console.contains("hypOS ready") {
        let n = output.read(&mut bytes)?;
        assert!(n > 0, "it ended:\n{console}");
        console.push_str(&String::from_utf8_lossy(&bytes[..n]));
    }
    input.write_all(b"\x01x")?;
    assert!(child.wait()?.success());
    Ok(())
}
