//! What the tool says when something outside is missing or wrong, and that it leaves nothing behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs the tool with `extra` environment; returns whether it succeeded and what it printed on standard error.
fn run(out: &Path, extra: &[(&str, &str)]) -> (bool, String) {
    run_for("x86_64/pc99", out, extra)
}

/// The same for a platform.
fn run_for(platform: &str, out: &Path, extra: &[(&str, &str)]) -> (bool, String) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_kernel-config"));
    tool.args(["--platform", platform, "--config", "release", "--out"]).arg(out);
    let output = tool.envs(extra.iter().copied()).output().expect("the tool starts");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A program in `folder` that prints `text` and fails.
fn failing(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\necho '{text}' >&2\nexit 1\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("made executable");
    path.display().to_string()
}

#[test]
fn a_missing_tool_is_named_with_its_package() {
    let folder = tempfile::tempdir().expect("a folder");
    failing(folder.path(), "gcc", "");
    let (ok, text) = run(&folder.path().join("out"), &[("PATH", &folder.path().display().to_string())]);
    assert!(!ok);
    assert!(text.contains("xmllint") && text.contains("libxml2-utils"), "{text}");
    assert!(text.contains("apt-get install") && !text.contains("gcc,"), "{text}");
    assert!(!folder.path().join("out/x86_64-pc99").exists());
}

#[test]
fn another_architecture_s_compiler_is_named_with_its_package() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = [("PATH", folder.path().to_str().expect("UTF-8"))];
    let (ok, text) = run_for("aarch64/qemu-virt", &folder.path().join("out"), &path);
    assert!(
        !ok && text.contains("aarch64-linux-gnu-gcc, ") && text.contains(" gcc-aarch64-linux-gnu"),
        "{text}"
    );
}

#[test]
fn a_failing_fetch_says_what_to_do_and_installs_nothing() {
    for (cargo_says, wanted) in [
        ("error: failed to verify the checksum of sel4-sys", "not the pinned one; nothing was installed"),
        ("error: Could not resolve host", "check the network"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let cargo = failing(folder.path(), "cargo", cargo_says);
        let (ok, text) = run(&folder.path().join("out"), &[("CARGO", &cargo)]);
        assert!(!ok);
        assert!(text.contains("fetch the source") && text.contains(wanted), "{text}");
        assert!(text.contains(cargo_says), "{text}");
        assert!(!folder.path().join("out/x86_64-pc99").exists());
    }
}

#[test]
fn a_path_with_white_space_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ok, text) = run(&folder.path().join("two words"), &[]);
    assert!(!ok && text.contains("white space"), "{text}");
}

#[test]
fn a_python_package_that_can_not_be_had_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", ""), ("PIP_CONFIG_FILE", "/dev/null")];
    let (ok, text) = run(&folder.path().join("out"), &blocked);
    assert!(!ok);
    assert!(text.contains("python environment") && text.contains("requirements.txt"), "{text}");
    assert!(text.contains("ply==3.11"), "{text}");
    assert!(!folder.path().join("out/x86_64-pc99").exists());
}
