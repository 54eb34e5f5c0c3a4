//! `hypctl verify`: the verdict on each program, and what `prog load` makes of it.

mod common;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use common::{LIBBPF, compile, examples, have_clang, hypctl_in, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Exit status, output and errors of `verify` with these options.
fn verify(file: &Path, options: &[&str]) -> (i32, String, String) {
    let path = file.display().to_string();
    let output = hypctl_in(file.parent().expect("has one"), &[&["verify", &path], options].concat());
    (output.status.code().expect("no signal"), text(&output.stdout).into(), text(&output.stderr).into())
}

const MIXED: &str = "SEC(\"timer\") int good(void *c) { return 0; }
SEC(\"serial/x\") int bad(__u64 *c) {
    return c[4]; // behind the context
}";

#[test]
fn every_example_is_accepted() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    for name in ["tick", "console"] {
        let source = std::fs::read_to_string(examples().join(format!("{name}.bpf.c"))).expect("is there");
        let (code, out, error) = verify(&compile(dir.path(), name, &source), &["--strict-termination"]);
        assert!(code == 0 && out.starts_with(&format!("{name}: accepted: at most ")), "{out}{error}");
    }
}

/// Compiles Rust as `examples/build.sh` does; none where there is no compiler for it.
fn compile_rust(dir: &Path, source: &Path) -> Option<PathBuf> {
    let rustc = std::env::var("BPF_RUSTC").unwrap_or_else(|_| "/usr/bin/rustc".into());
    let llvm_mc = std::env::var("LLVM_MC").unwrap_or_else(|_| "llvm-mc-19".into());
    let (assembly, object) = (dir.join("fixture.s"), dir.join("fixture.o"));
    let rustc = Command::new(rustc)
        .args([
            "--edition",
            "2024",
            "--target",
            "bpfel-unknown-none",
            "-C",
            "target-cpu=v3",
            "-C",
            "panic=abort",
        ])
        .args(["-C", "opt-level=3", "-C", "debuginfo=2", "--crate-type", "lib", "--emit=asm", "-o"])
        .arg(&assembly)
        .arg(source)
        .output()
        .ok()?;
    let mc = Command::new(llvm_mc)
        .args(["-triple", "bpfel", "-mcpu=v3", "-filetype=obj", "-o"])
        .arg(&object)
        .arg(&assembly)
        .output()
        .ok()?;
    (rustc.status.success() && mc.status.success()).then_some(object)
}

#[test]
fn the_example_in_rust_is_accepted() {
    let dir = TempDir::new().expect("temporary folder");
    let Some(object) = compile_rust(dir.path(), &examples().join("beat.rs")) else {
        eprintln!("skipped: no rustc for BPF (apt install rustc-web libstd-rust-web-dev-bpf llvm-19)");
        return;
    };
    let (code, out, error) = verify(&object, &[]);
    assert!(code == 0 && out.starts_with("beat: accepted: at most "), "{out}{error}");
}

#[test]
fn a_refusal_names_program_reason_instruction_and_line() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let (code, out, error) = verify(&compile(dir.path(), "mixed", &format!("{LIBBPF}{MIXED}")), &[]);
    assert_eq!((code, error.as_str()), (1, ""));
    let mut lines = out.lines();
    assert!(lines.any(|line| line.starts_with("good: accepted: ")), "{out}");
    assert!(out.contains("\nbad: refused: ") || out.starts_with("bad: refused: "), "{out}");
    assert!(out.contains("  instruction 0: "), "{out}");
    assert!(out.contains("mixed.c:") && out.contains("return c[4]; // behind the context"), "{out}");
}

#[test]
fn network_programs_are_verified_though_no_device_runs_them() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    // A map as libbpf took it before its version 1.0, section names of that time, a program of a type that is not known.
    let source = "struct bpf_map_def { __u32 type, key_size, value_size, max_entries, map_flags; };
    struct bpf_map_def counts SEC(\"maps\") = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 256, 0 };
    SEC(\"xdp_count\") int count(struct xdp_md *ctx) {
        __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
        if (data + 34 > end) return XDP_DROP;
        __u32 protocol = data[23];
        __u64 *n = bpf_map_lookup_elem(&counts, &protocol);
        if (n) *n += end - data;
        return XDP_PASS;
    }
    SEC(\"xdp\") int bad(struct xdp_md *ctx) { return *(__u8 *)(long)ctx->data; }
    SEC(\"tc\") int other(void *c) { return 0; }";
    let (code, out, error) = verify(&compile(dir.path(), "net", &format!("{LIBBPF}{source}")), &[]);
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.contains("count: accepted: "), "{out}");
    assert!(out.contains("bad: refused: access of 1 bytes to the packet, of which 0 are known"), "{out}");
    assert!(out.contains("other: refused: section tc: no such hook; known are"), "{out}");
}

#[test]
fn types_of_a_kernel_are_refused_by_name() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let source = "struct iphdr { __u8 head[8], ttl; } __attribute__((preserve_access_index));
    struct task_struct { int flags, pid; } __attribute__((preserve_access_index));
    SEC(\"xdp\") int header(struct xdp_md *c) {
        struct iphdr *ip = (void *)(long)c->data;
        return (void *)(ip + 1) > (void *)(long)c->data_end ? 0 : ip->ttl;
    }
    SEC(\"timer\") int task(struct task_struct *c) { return c->pid; }";
    let (code, out, error) = verify(&compile(dir.path(), "types", &format!("{LIBBPF}{source}")), &[]);
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.contains("header: accepted: "), "{out}");
    assert!(
        out.contains(
            "task: refused: section timer, offset 0x0: CO-RE relocation of task_struct: there is no"
        ),
        "{out}"
    );
}

#[test]
fn functions_have_addresses() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let source = "static __noinline int one(int n) { return n + 1; }
    static __noinline int two(int n) { return n + 2; }
    static int back(__u32 i, void *c) { return 0; }
    SEC(\"timer\") int chosen(__u64 *c) {
        int (*f)(int) = c[0] > 5 ? one : two;
        asm volatile(\"\" : \"+r\"(f));
        return f(c[1]);
    }
    SEC(\"timer/x\") int looped(void *c) { return bpf_loop(4, back, 0, 0); }";
    let (code, out, error) = verify(&compile(dir.path(), "addresses", &format!("{LIBBPF}{source}")), &[]);
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.contains("chosen: accepted: "), "{out}");
    assert!(out.contains("looped: refused: there is no helper number 181 (bpf_loop)\n"), "{out}");
}

#[test]
fn json_has_an_object_a_program() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let (code, out, _) = verify(&compile(dir.path(), "mixed", &format!("{LIBBPF}{MIXED}")), &["--json"]);
    assert_eq!(code, 1);
    let verdicts: Vec<Value> = serde_json::from_str(&out).expect("an array");
    let by_name = |name: &str| verdicts.iter().find(|v| v["name"] == name).expect("is there");
    let (good, bad) = (by_name("good"), by_name("bad"));
    assert_eq!(
        (&good["section"], &good["accepted"], &good["reason"]),
        (&json!("timer"), &json!(true), &json!(null))
    );
    assert!(good["instruction_bound"].is_u64() && good["steps"].is_u64() && good["time_us"].is_u64());
    assert_eq!((&bad["section"], &bad["accepted"]), (&json!("serial/x"), &json!(false)));
    assert_eq!(bad["instruction_bound"], json!(null));
    assert!(bad["steps"].is_u64() && bad["time_us"].is_u64(), "{bad}");
    assert!(bad["reason"].as_str().is_some_and(|reason| !reason.contains('\n')));
}

#[test]
fn prog_load_verifies_first_and_leaves_the_device_alone() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let file = compile(dir.path(), "mixed", &format!("{LIBBPF}{MIXED}")).display().to_string();
    // There is no device: that it is not looked for shows that the verdict came first.
    let output = hypctl_in(dir.path(), &["prog", "load", &file]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error.starts_with(&format!("hypctl: {file}: program bad is refused, nothing was loaded: ")),
        "{error}"
    );
    let output = hypctl_in(dir.path(), &["prog", "load", &file, "--no-verify"]);
    assert!(text(&output.stderr).starts_with("hypctl: no running system found"), "{}", text(&output.stderr));
}

#[test]
fn a_loop_without_end_is_refused() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let source = "SEC(\"timer\") int f(volatile __u64 *c) { while (c[0]) {} return 0; }";
    let (code, out, _) =
        verify(&compile(dir.path(), "endless", &format!("{LIBBPF}{source}")), &["--strict-termination"]);
    assert!(code == 1 && out.starts_with("f: refused: "), "{out}");
}
