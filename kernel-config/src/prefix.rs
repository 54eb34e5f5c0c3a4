//! The prefix: built aside, complete or not there at all.
//!
//! Its form is that of an installed seL4 of a newer version, whose file names it takes over:
//!
//! | prefix | seL4 5.0.0's source |
//! |---|---|
//! | `bin/kernel.elf`, `bin/kernel32.elf` (x86) | built |
//! | `libsel4/include/autoconf.h` | the platform's, and the configuration's defines |
//! | `libsel4/include/{kernel,sel4}/gen_config.json` | written from autoconf.h |
//! | `libsel4/include/api/syscall.{xml,xsd}` | `libsel4/include/api/` |
//! | `libsel4/include/interfaces/object-api.xml` | `libsel4/include/interfaces/sel4.xml` |
//! | `libsel4/include/interfaces/object-api-sel4-arch.xml` | `libsel4/sel4_arch_include/*/interfaces/sel4arch.xml` |
//! | `libsel4/include/interfaces/object-api-arch.xml` | `libsel4/arch_include/*/interfaces/sel4arch.xml` |
//! | `libsel4/include/sel4/{types,shared_types}.pbf` | `types_64.bf`, `shared_types_64.bf`, preprocessed |
//! | `libsel4/include/sel4/sel4_arch/types.pbf` | `types.bf`, preprocessed |
//! | `libsel4/include/sel4/**/*.h` | as they are |
//! | `VERSION` | `VERSION` (an installed seL4 has none; it says which dialect the rest is in) |
//!
//! Invocation labels count from 1 through the three interface files in the order of the table: the kernel's
//! Makefile makes `api/invocation.h`, `arch/api/sel4_invocation.h` and `arch/api/invocation.h` from them
//! with `tools/invocation_header_gen.py`, and each enum starts where the one before ended. A method whose
//! condition does not hold takes no number.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::arch::Arch;
use crate::platform::Platform;
use crate::settings::Settings;
use crate::{Config, copy, kernel, python, source, stamp, tools};

/// Builds the prefix unless it is up to date, and returns its path.
///
/// # Errors
///
/// The step that failed. The prefix is then as it was before.
pub fn ensure(platform: &Platform, config: Config, out: &Path) -> Result<PathBuf> {
    fs::create_dir_all(out).with_context(|| format!("create {}", out.display()))?;
    let out = out.canonicalize()?;
    if out.to_string_lossy().contains(char::is_whitespace) {
        bail!(
            "{}: the kernel's Makefile can't work in a path with white space; choose another --out",
            out.display()
        );
    }
    let prefix = out.join(&platform.slug).join(config.name());
    let settings = Settings::parse(&platform.autoconf).context("autoconf.h")?;
    let arch = Arch::find(settings.word("SEL4_ARCH")?)?;
    let stamp = stamp::of(platform, arch, config)?;
    if stamp::matches(&prefix, &stamp) {
        return Ok(prefix);
    }
    let lock = File::create(out.join(".lock")).context("create the lock file")?;
    lock.lock().context("wait for the lock file")?;
    if !stamp::matches(&prefix, &stamp) {
        build(platform, (arch, config), &out, &prefix, &stamp)
            .with_context(|| format!("{} {} kernel", platform.slug, config.name()))?;
    }
    Ok(prefix)
}

fn build(
    platform: &Platform,
    (arch, config): (&Arch, Config),
    out: &Path,
    prefix: &Path,
    stamp: &str,
) -> Result<()> {
    eprintln!("seL4 {} for {} ({})", source::VERSION, platform.slug, config.name());
    tools::check(arch)?;
    let work = out.join(".work").join(format!("{}-{}", platform.slug, config.name()));
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("remove {}", work.display()))?;
    }
    let (copied, fresh) = (work.join("source"), work.join("prefix"));
    fs::create_dir_all(&work)?;
    tools::step("fetch the source", || {
        let original = source::fetch(&work.join("fetch.log"))?;
        copy::tree(&original, &copied, |_| false)
    })?;
    let python = tools::step("python environment", || python::environment(out, &work.join("python.log")))?;

    let autoconf = format!("{}{}", platform.autoconf, config.defines());
    let settings = Settings::parse(&autoconf).context("autoconf.h")?;
    write(&work.join("include/generated/autoconf.h"), &autoconf)?;
    let make =
        kernel::Build { source: &copied, work: &work, settings: &settings, arch, config, python: &python };
    tools::step("add what the source lacks", || make.overlay())?;
    tools::step("compile the kernel", || make.run())?;

    let include = fresh.join("libsel4/include");
    write(&include.join("autoconf.h"), &autoconf)?;
    for name in ["kernel/gen_config.json", "sel4/gen_config.json"] {
        write(&include.join(name), &settings.json())?;
    }
    tools::step("write the prefix", || {
        fill(&copied, &work, &fresh, [settings.word("ARCH")?, arch.name, settings.word("PLAT")?])?;
        write(&fresh.join(stamp::FILE), stamp)?;
        install(&fresh, prefix)
    })?;
    fs::remove_dir_all(&work).with_context(|| format!("remove {}", work.display()))
}

/// Copies what the table in the module's description says.
fn fill(source: &Path, work: &Path, prefix: &Path, [arch, sel4_arch, plat]: [&str; 3]) -> Result<()> {
    let libsel4 = source.join("libsel4");
    let include = prefix.join("libsel4/include");
    let (of_arch, of_sel4_arch) =
        (libsel4.join("arch_include").join(arch), libsel4.join("sel4_arch_include").join(sel4_arch));
    let headers = [
        libsel4.join("include"),
        of_arch.clone(),
        of_sel4_arch.clone(),
        libsel4.join("sel4_plat_include").join(plat),
    ];
    for folder in headers {
        copy::tree(&folder, &include, |name| matches!(name, "sel4.xml" | "sel4arch.xml"))?;
    }
    let interfaces = include.join("interfaces");
    copy::file(&libsel4.join("include/interfaces/sel4.xml"), &interfaces.join("object-api.xml"))?;
    copy::file(&of_sel4_arch.join("interfaces/sel4arch.xml"), &interfaces.join("object-api-sel4-arch.xml"))?;
    copy::file(&of_arch.join("interfaces/sel4arch.xml"), &interfaces.join("object-api-arch.xml"))?;

    let log = work.join("prefix.log");
    for (from, to) in [
        ("sel4/types_64.bf", "sel4/types.pbf"),
        ("sel4/shared_types_64.bf", "sel4/shared_types.pbf"),
        ("sel4/sel4_arch/types.bf", "sel4/sel4_arch/types.pbf"),
    ] {
        kernel::preprocess(&include.join(from), &include.join(to), &include, &log)?;
    }
    for left_over in ["sel4/types_32.bf", "sel4/shared_types_32.bf", "sel4/arch/shared_types.bf"] {
        fs::remove_file(include.join(left_over)).with_context(|| format!("remove {left_over}"))?;
    }
    copy::file(&work.join("kernel.elf"), &prefix.join("bin/kernel.elf"))?;
    if arch == "x86" {
        kernel::multiboot(&prefix.join("bin/kernel.elf"), &prefix.join("bin/kernel32.elf"), &log)?;
    }
    for name in ["VERSION", "LICENSE_GPLv2.txt", "LICENSE_BSD2.txt"] {
        copy::file(&source.join(name), &prefix.join(name))?;
    }
    Ok(())
}

/// Puts a complete prefix in the place of the old one.
fn install(fresh: &Path, prefix: &Path) -> Result<()> {
    if prefix.exists() {
        fs::remove_dir_all(prefix).with_context(|| format!("remove {}", prefix.display()))?;
    }
    if let Some(folder) = prefix.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(fresh, prefix).with_context(|| format!("move the prefix to {}", prefix.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
