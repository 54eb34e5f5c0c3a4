//! An installed seL4 of the user's own, in place of the one that this tool builds: checked, described, and put into the
//! form that the rest of the build expects.

mod memory;
mod rules;
mod verified;

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{fs, iter};

use anyhow::{Context, Result, bail};
use sel4_sys_gen::{Generated, Settings};

use crate::platform::Platform;
use crate::{kernel, stamp};

pub use rules::Need;

/// What every build takes from a prefix beside the interface files, which the bindings' generator asks for.
const KERNEL: &str = "bin/kernel.elf";
const SETTINGS: &str = "libsel4/include/kernel/gen_config.json";

/// Checks the prefix, says on standard error what it holds, and returns a prefix of the same files, with `bin/kernel32.elf`
/// for a PC, and for other machines with `memory`: the MiB that the kernel is built for.
///
/// # Errors
///
/// A file is missing or of another architecture; settings that can't be worked with, each with the change to make.
pub fn adopt(platform: &Platform, prefix: &Path, needs: &[Need], out: &Path) -> Result<PathBuf> {
    let prefix = prefix.canonicalize().with_context(|| format!("SEL4_PREFIX={}", prefix.display()))?;
    if prefix.join(stamp::FILE).is_file() {
        bail!("SEL4_PREFIX={}: this is no installed kernel, but one of this tool's own", prefix.display());
    }
    let whose = || format!("SEL4_PREFIX={}", prefix.display());
    let found = read(platform, &prefix, needs).with_context(whose)?;
    eprint!("{}", describe(&prefix, &found.generated));
    view(platform, &prefix, &found, out)
}

/// What is in a prefix.
struct Found {
    /// The interface.
    generated: Generated,
    /// The kernel's file.
    image: Vec<u8>,
    /// The memory that it is built for, in MiB; a PC's finds out how much there is.
    memory: Option<u64>,
}

/// Reads and checks all of it.
fn read(platform: &Platform, prefix: &Path, needs: &[Need]) -> Result<Found> {
    let text = fs::read_to_string(prefix.join(SETTINGS)).with_context(|| format!("read {SETTINGS}"))?;
    let settings = Settings::parse(&text).context(SETTINGS)?;
    rules::check(&settings, &platform.autoconf, needs)?;
    let image = fs::read(prefix.join(KERNEL)).with_context(|| format!("read {KERNEL}"))?;
    machine(&image, settings.word("SEL4_ARCH").unwrap_or_default()).context(KERNEL)?;
    let pc = settings.word("ARCH") == Some("x86");
    let memory = if pc { None } else { Some(memory::mib(prefix)?) };
    Ok(Found { generated: sel4_sys_gen::generate(prefix)?, image, memory })
}

/// Checks that the image is a 64-bit ELF file for this architecture (System V ABI, ELF header: `e_ident`, `e_machine`).
fn machine(image: &[u8], sel4_arch: &str) -> Result<()> {
    let expected: u16 = match sel4_arch {
        "x86_64" => 62,
        "aarch64" => 183,
        "riscv64" => 243,
        other => bail!("nothing is known of {other}"),
    };
    if !image.starts_with(b"\x7fELF\x02\x01") {
        bail!("this is no 64-bit ELF file");
    }
    let found = image.get(18..20).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes);
    match found {
        Some(found) if found == expected => Ok(()),
        Some(found) => bail!("for machine {found}, where {sel4_arch} is {expected}"),
        None => bail!("the ELF header is cut off"),
    }
}

/// The report: version, configuration, whether the proofs cover it.
fn describe(prefix: &Path, generated: &Generated) -> String {
    let settings = &generated.settings;
    let word = |name: &str| settings.word(name).unwrap_or("?").to_string();
    let mut switches = Vec::new();
    for name in
        ["DEBUG_BUILD", "PRINTING", "VERIFICATION_BUILD", "FASTPATH", "ARM_HYPERVISOR_SUPPORT", "HAVE_FPU"]
    {
        if settings.defined(name) {
            switches.push(name);
        }
    }
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "seL4 {} for {} {}, installed in {}",
        generated.version,
        word("SEL4_ARCH"),
        word("PLAT"),
        prefix.display()
    );
    let _ = writeln!(
        text,
        "  {}; {} domains, root CNode of 2^{} slots, {}",
        switches.join(", "),
        word("NUM_DOMAINS"),
        word("ROOT_CNODE_SIZE_BITS"),
        word("KERNEL_OPT_LEVEL"),
    );
    let _ = writeln!(text, "  {}", verified::verdict(settings));
    text
}

/// The view: links to the prefix's files, and beside them what an installation lacks. Its name tells its content, so that
/// a kernel that was installed anew is seen as another one.
fn view(platform: &Platform, prefix: &Path, found: &Found, out: &Path) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    let Found { generated, image, memory } = found;
    (prefix, &generated.rust, &generated.version, image, memory).hash(&mut hasher);
    let name = format!("installed-{:016x}", hasher.finish());
    fs::create_dir_all(out).with_context(|| format!("create {}", out.display()))?;
    let folder = out.canonicalize()?.join(&platform.slug).join(name);
    if folder.join(KERNEL).exists() {
        return Ok(folder);
    }
    let fresh = folder.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("remove {}", fresh.display()))?;
    }
    fs::create_dir_all(fresh.join("bin")).with_context(|| format!("create {}", fresh.display()))?;
    let optional = ["support", "VERSION"].into_iter().filter(|name| prefix.join(name).exists());
    for name in iter::once("libsel4").chain(optional) {
        symlink(prefix.join(name), fresh.join(name)).with_context(|| format!("link {name}"))?;
    }
    match memory {
        Some(mib) => fs::write(fresh.join("memory"), format!("{mib}\n")).context("write memory")?,
        None => kernel::multiboot(
            &prefix.join(KERNEL),
            &fresh.join("bin/kernel32.elf"),
            &fresh.join("objcopy.log"),
        )?,
    }
    symlink(prefix.join(KERNEL), fresh.join(KERNEL)).with_context(|| format!("link {KERNEL}"))?;
    fs::rename(&fresh, &folder).with_context(|| format!("move to {}", folder.display()))?;
    Ok(folder)
}
