//! An installed kernel in place of the tool's own: what is said of it, and every refusal. The prefixes are made up here.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

const SETTINGS: &str = "libsel4/include/kernel/gen_config.json";
const KERNEL: &str = "bin/kernel.elf";
const PLATFORM: &str = "support/platform_gen.json";
const BOARD: &str = "aarch64/qemu-virt";

/// The head of a 64-bit ELF file for a machine.
fn elf(machine: u8) -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(64, 0);
    head[18] = machine;
    head
}

fn settings() -> Map<String, Value> {
    let settings = json!({
        "ARCH": "arm", "SEL4_ARCH": "aarch64", "PLAT": "qemu-arm-virt", "WORD_SIZE": "64", "KERNEL_MCS": false,
        "MAX_NUM_NODES": "1", "ROOT_CNODE_SIZE_BITS": "16", "NUM_PRIORITIES": "256", "RETYPE_FAN_OUT_LIMIT": "256",
        "NUM_DOMAINS": "1", "KERNEL_OPT_LEVEL": "-O2", "FASTPATH": true, "DEBUG_BUILD": false, "PRINTING": false,
        "EXPORT_PCNT_USER": true, "EXPORT_PTMR_USER": true,
    });
    settings.as_object().cloned().expect("an object")
}

fn write(prefix: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = prefix.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, content).expect("written");
}

/// A complete prefix of a kernel with no invocations.
fn prefix(settings: &Map<String, Value>) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, SETTINGS, Value::Object(settings.clone()).to_string());
    write(path, KERNEL, elf(183));
    // As a hypervisor's: the first half of its memory is for guests.
    write(path, PLATFORM, r#"{"devices": [], "memory": [{"start": 1610612736, "end": 2147483648}]}"#);
    let include = |name: &str| format!("libsel4/include/{name}");
    for name in
        ["errors", "constants", "arch/constants", "sel4_arch/constants", "plat/api/constants", "objecttype"]
            .into_iter()
            .chain([
                "sel4_arch/objecttype",
                "arch/objecttype",
                "bootinfo_types",
                "shared_types",
                "mode/types",
                "types",
            ])
            .chain(["arch/types"])
    {
        write(path, &include(&format!("sel4/{name}.h")), "");
    }
    for name in ["sel4/shared_types.pbf", "sel4/sel4_arch/types.pbf"] {
        write(path, &include(name), "base 64\n");
    }
    write(path, &include("api/syscall.xml"), "<syscalls/>");
    for name in ["object-api", "object-api-sel4-arch", "object-api-arch"] {
        write(path, &include(&format!("interfaces/{name}.xml")), "<api/>");
    }
    folder
}

/// Runs the tool; gives whether it succeeded, what it printed on standard output, and on standard error.
fn run(board: &str, prefix: &Path, extra: &[&str]) -> (bool, String, String) {
    let out = tempfile::tempdir().expect("a folder");
    let mut tool = Command::new(env!("CARGO_BIN_EXE_kernel-config"));
    tool.args(["--platform", board, "--installed"]).arg(prefix).arg("--out").arg(out.path()).args(extra);
    let output = tool.output().expect("the tool starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let view = text(&output.stdout);
    if output.status.success() {
        let view = Path::new(view.trim());
        assert!(view.join(KERNEL).is_file() && view.join(SETTINGS).is_file(), "{}", view.display());
        assert_eq!(fs::read_to_string(view.join("memory")).expect("written"), "1024\n");
    }
    (output.status.success(), view, text(&output.stderr))
}

fn refused(board: &str, prefix: &Path, extra: &[&str], wanted: &[&str]) {
    let (ok, out, text) = run(board, prefix, extra);
    assert!(!ok && out.is_empty(), "it was taken: {out}");
    for wanted in wanted.iter().chain(&["SEL4_PREFIX="]) {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}

/// The tool refuses a prefix of good settings but for this one, and says what to change.
fn refused_with(name: &str, value: Value, wanted: &[&str]) {
    let mut settings = settings();
    settings.insert(name.into(), value);
    refused(BOARD, prefix(&settings).path(), &[], wanted);
}

#[test]
fn a_complete_prefix_is_taken_and_described() {
    let folder = prefix(&settings());
    let (ok, _, text) = run(BOARD, folder.path(), &[]);
    assert!(ok, "{text}");
    assert!(text.contains("seL4 13 for aarch64 qemu-arm-virt, installed in "), "{text}");
    assert!(text.contains("FASTPATH; 1 domains, root CNode of 2^16 slots, -O2"), "{text}");
    assert!(text.contains("not a verified configuration: of aarch64 the proofs cover bcm2711, "), "{text}");
    write(folder.path(), "VERSION", "15.0.0\n");
    assert!(run(BOARD, folder.path(), &[]).2.contains("seL4 15.0.0 for"));
}

#[test]
fn another_installation_is_another_prefix() {
    let folder = prefix(&settings());
    let name = |view: &str| Path::new(view.trim()).file_name().map(std::ffi::OsStr::to_owned);
    let first = run(BOARD, folder.path(), &[]).1;
    assert_eq!(name(&first), name(&run(BOARD, folder.path(), &[]).1));
    let mut longer = elf(183);
    longer.push(0);
    write(folder.path(), KERNEL, longer);
    assert_ne!(name(&first), name(&run(BOARD, folder.path(), &[]).1));
}

#[test]
fn settings_that_can_not_be_worked_with() {
    refused_with("KERNEL_MCS", json!(true), &["KERNEL_MCS: build the kernel with KernelIsMCS OFF"]);
    refused_with("MAX_NUM_NODES", json!("4"), &["MAX_NUM_NODES: build the kernel with KernelMaxNumNodes 1"]);
    refused_with("ROOT_CNODE_SIZE_BITS", json!("12"), &["KernelRootCNodeSizeBits 14 or more"]);
    refused_with("ROOT_CNODE_SIZE_BITS", json!("13"), &["KernelRootCNodeSizeBits 14 or more"]);
    refused_with("NUM_PRIORITIES", json!("128"), &["KernelNumPriorities 256"]);
    refused_with("RETYPE_FAN_OUT_LIMIT", json!("16"), &["KernelRetypeFanOutLimit 256"]);
    refused_with("WORD_SIZE", json!("32"), &["WORD_SIZE"]);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let mut settings = settings();
    settings.insert("KERNEL_MCS".into(), json!(true));
    settings.remove("MAX_NUM_NODES");
    refused(BOARD, prefix(&settings).path(), &[], &["KernelIsMCS OFF", "KernelMaxNumNodes 1"]);
}

#[test]
fn what_a_use_needs() {
    let folder = prefix(&settings());
    refused(BOARD, folder.path(), &["--needs", "debug"], &["KernelDebugBuild ON", "KernelPrinting ON"]);
    refused(BOARD, folder.path(), &["--needs", "benchmarks"], &["ENABLE_BENCHMARKS", "KernelBenchmarks"]);
}

#[test]
fn settings_of_a_pc() {
    let mut settings = settings();
    for (name, value) in [("ARCH", "x86"), ("SEL4_ARCH", "x86_64"), ("PLAT", "pc99")] {
        settings.insert(name.into(), json!(value));
    }
    let wanted = ["KernelIRQController IOAPIC", "KernelX86Syscall syscall", "KernelMultiboot1Header ON"];
    refused("x86_64/pc99", prefix(&settings).path(), &[], &wanted);
}

#[test]
fn settings_of_other_machines() {
    refused_with("EXPORT_PCNT_USER", json!(false), &["KernelArmExportPCNTUser ON"]);
    refused_with("EXPORT_PTMR_USER", json!(false), &["KernelArmExportPTMRUser ON"]);
    let mut settings = settings();
    for (name, value) in
        [("ARCH", "riscv"), ("SEL4_ARCH", "riscv64"), ("PLAT", "qemu-riscv-virt"), ("PT_LEVELS", "4")]
    {
        settings.insert(name.into(), json!(value));
    }
    refused("riscv64/qemu-virt", prefix(&settings).path(), &[], &["PT_LEVELS", "KernelPTLevels 3"]);
}

#[test]
fn another_architecture_or_platform() {
    let folder = prefix(&settings());
    refused("x86_64/pc99", folder.path(), &[], &["SEL4_ARCH aarch64, the board wants x86_64"]);
    refused_with("PLAT", json!("tx2"), &["PLAT tx2, the board wants qemu-arm-virt"]);
    write(folder.path(), KERNEL, elf(62));
    refused(BOARD, folder.path(), &[], &[KERNEL, "for machine 62, where aarch64 is 183"]);
    for (content, wanted) in [(&b"#!/bin/sh"[..], "no 64-bit ELF file"), (b"\x7fELF\x02\x01", "cut off")] {
        write(folder.path(), KERNEL, content);
        refused(BOARD, folder.path(), &[], &[KERNEL, wanted]);
    }
}

#[test]
fn a_file_that_is_missing_is_named() {
    for name in [
        SETTINGS,
        KERNEL,
        PLATFORM,
        "libsel4/include/api/syscall.xml",
        "libsel4/include/interfaces/object-api-arch.xml",
        "libsel4/include/sel4/shared_types.pbf",
        "libsel4/include/sel4/sel4_arch/types.pbf",
        "libsel4/include/sel4/plat/api/constants.h",
    ] {
        let folder = prefix(&settings());
        fs::remove_file(folder.path().join(name)).expect("it was there");
        refused(BOARD, folder.path(), &[], &[name]);
    }
    refused(BOARD, Path::new("/nowhere/at/all"), &[], &["/nowhere/at/all"]);
}

#[test]
fn a_file_that_is_not_understood_is_named() {
    let folder = prefix(&settings());
    write(folder.path(), "libsel4/include/api/syscall.xml", "<syscalls>");
    refused(BOARD, folder.path(), &[], &["api/syscall.xml"]);
    let folder = prefix(&settings());
    for text in ["", "{}", r#"{"memory": [{"start": 1, "end": 1}]}"#, r#"{"memory": 1}"#] {
        write(folder.path(), PLATFORM, text);
        refused(BOARD, folder.path(), &[], &[PLATFORM]);
    }
    write(folder.path(), SETTINGS, "#define CONFIG_X");
    refused(BOARD, folder.path(), &[], &[SETTINGS, "not a JSON object"]);
}
