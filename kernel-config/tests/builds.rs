//! A real build. The first run takes as long as a kernel takes; later ones find it up to date, unless
//! something that it is made of changed.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn run(platform: &str, out: &Path) -> (Output, Duration) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_kernel-config"));
    tool.args(["--platform", platform, "--config", "release", "--out"]).arg(out);
    let start = Instant::now();
    (tool.output().expect("the tool starts"), start.elapsed())
}

/// Builds a prefix twice: it is complete, nothing else is left, and the second time there is nothing to do.
fn builds_once(platform: &str, further: &[&str]) {
    let slug = platform.replace('/', "-");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sel4");
    let (first, _) = run(platform, &out);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let prefix = String::from_utf8(first.stdout).expect("a path");
    let prefix = Path::new(prefix.trim());
    assert!(prefix.ends_with(format!("{slug}/release")) && prefix.is_absolute(), "{}", prefix.display());
    let files = [
        "VERSION",
        "LICENSE_GPLv2.txt",
        "bin/kernel.elf",
        "libsel4/include/autoconf.h",
        "libsel4/include/api/syscall.xml",
        "libsel4/include/interfaces/object-api.xml",
        "libsel4/include/interfaces/object-api-arch.xml",
        "libsel4/include/interfaces/object-api-sel4-arch.xml",
        "libsel4/include/kernel/gen_config.json",
        "libsel4/include/sel4/gen_config.json",
        "libsel4/include/sel4/shared_types.pbf",
        "libsel4/include/sel4/types.pbf",
        "libsel4/include/sel4/sel4_arch/types.pbf",
        "libsel4/include/sel4/plat/api/constants.h",
    ];
    for file in files.iter().chain(further) {
        assert!(prefix.join(file).is_file(), "{file} is missing");
    }
    assert!(!out.join(format!(".work/{slug}-release")).exists(), "the work folder was left behind");

    let (second, took) = run(platform, &out);
    assert!(second.status.success() && second.stderr.is_empty(), "a second build did something");
    assert!(took < Duration::from_millis(300), "finding nothing to do took {took:?}");
}

#[test]
fn builds_a_complete_prefix_once() {
    builds_once("x86_64/pc99", &["bin/kernel32.elf"]);
}

#[test]
fn builds_a_kernel_with_files_of_ours() {
    builds_once("aarch64/qemu-virt", &[]);
}
