//! The hybrid image boots from BIOS and UEFI, as disk and as CD. seL4 5.0.0 does not from UEFI: it looks for ACPI's tables
//! where a BIOS has them, and multiboot 1 can't tell it where they are.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result, ensure};
use hypos_tests::{Options, System, tools};
use libtest_mimic::{Arguments, Trial};

/// The firmware that Debian's package `ovmf` has: code, and variables, which it writes to.
const UEFI: [&str; 2] = ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for (uefi, firmware) in [(false, "bios"), (true, "uefi")] {
        for (cd, medium) in [(false, "disk"), (true, "cd")] {
            let boot = move || boots(uefi, cd).map_err(|error| format!("{error:#}").into());
            let trial = Trial::test(format!("boots_from_{firmware}_as_{medium}"), boot);
            trials.push(trial.with_ignored_flag(uefi && tools::installed().is_none()));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Boots, and sees a program run.
fn boots(uefi: bool, cd: bool) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let iso = tools::images().join("hypos.iso");
    ensure!(iso.is_file(), "no {}; run scripts/build.sh --iso", iso.display());
    let drive =
        |interface: &str, path: &Path| ["-drive".into(), format!("{interface},file={}", path.display())];
    let mut media = Vec::new();
    if uefi {
        let variables = dir.path().join("variables");
        fs::copy(UEFI[1], &variables).with_context(|| format!("{}; run scripts/setup.sh", UEFI[1]))?;
        media.extend(drive("if=pflash,unit=0,format=raw,readonly=on", UEFI[0].as_ref()));
        media.extend(drive("if=pflash,unit=1,format=raw", &variables));
    }
    let medium = if cd { "media=cdrom,format=raw,readonly=on" } else { "format=raw,snapshot=on" };
    media.extend(drive(medium, &iso));
    // The firmware itself needs some of the memory.
    let memory = if uefi { 256 } else { 64 };
    let system = System::boot(&Options { memory, media, ..Options::default() })?;
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")?;
    system.check_sound()
}
