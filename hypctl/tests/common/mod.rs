//! What several tests need: a compiler for fixtures, and `hypctl` itself.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
};

/// What most fixtures begin with: libbpf's headers alone.
pub const LIBBPF: &str = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n";

/// The repository's examples.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The C compiler for BPF: `CLANG`, else Debian's.
fn clang() -> String {
    std::env::var("CLANG").unwrap_or_else(|_| "clang-19".into())
}

/// Whether fixtures can be compiled here; says so if not.
pub fn have_clang() -> bool {
    let found =
        Command::new(clang()).arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !found {
        eprintln!("skipped: {} is missing (apt install clang-19 libbpf-dev)", clang());
    }
    found
}

/// Compiles C text into `name` in `dir`, as `examples/build.sh` does.
pub fn compile_with(dir: &Path, name: &str, source: &str, more: &[&str]) -> PathBuf {
    let (input, output) = (dir.join(format!("{name}.c")), dir.join(format!("{name}.o")));
    fs::write(&input, source).expect("fixture is written");
    let headers = format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH);
    let include = format!("-I{}", examples().join("include").display());
    let done = Command::new(clang())
        .args(["-O2", "-g", "-target", "bpf", "-mcpu=v3", &headers, &include, "-c", "-Wno-everything"])
        .args(more)
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .status()
        .expect("clang runs");
    assert!(done.success(), "{name} compiles:\n{source}");
    output
}

/// As [`compile_with`], with the usual options only.
pub fn compile(dir: &Path, name: &str, source: &str) -> PathBuf {
    compile_with(dir, name, source, &[])
}

/// `hypctl`, away from the repository's `target`, beside which it would find a system that runs.
pub fn hypctl() -> &'static Path {
    static LINK: LazyLock<PathBuf> = LazyLock::new(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join("bin");
        let link = dir.join("hypctl");
        fs::create_dir_all(&dir).expect("folder is made");
        // An earlier run's.
        let _ = fs::remove_file(&link);
        fs::hard_link(env!("CARGO_BIN_EXE_hypctl"), &link).expect("is linked");
        link
    });
    &LINK
}

/// Runs `hypctl` in `dir` with no device in the environment.
pub fn hypctl_in(dir: &Path, args: &[&str]) -> Output {
    Command::new(hypctl())
        .args(args)
        .current_dir(dir)
        .env_remove("HYPOS_DEVICE")
        .stdin(Stdio::null())
        .output()
        .expect("hypctl runs")
}

/// What was printed.
pub fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("UTF-8")
}
