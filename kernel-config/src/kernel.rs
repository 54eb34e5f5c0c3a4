//! The kernel's own build, driven from outside: its Makefile reads everything from the environment, so
//! not one of its files is edited.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::arch::{Arch, Derived};
use crate::settings::Settings;
use crate::{Config, copy, platform, tools};

/// The Makefile's warnings without `error`: gcc 12 warns of address-of-packed-member.
const WARNINGS: &str = "all strict-prototypes missing-prototypes nested-externs missing-declarations undef \
                        pointer-arith no-nonnull";

/// A build: where the source lies, where to work, and with what.
pub struct Build<'a> {
    /// A copy of the kernel's source.
    pub source: &'a Path,
    /// The folder to build in; `autoconf.h` lies in its `include/generated/`.
    pub work: &'a Path,
    /// The platform's settings.
    pub settings: &'a Settings,
    /// Their architecture.
    pub arch: &'a Arch,
    /// Debug or release.
    pub config: Config,
    /// The `bin` folder of the Python environment.
    pub python: &'a Path,
}

impl Build<'_> {
    /// Adds to the source what it lacks of the architecture.
    ///
    /// # Errors
    ///
    /// A file can't be copied, would take the place of one of the kernel's, or is not what it was.
    pub fn overlay(&self) -> Result<()> {
        let overlay = platform::overlay(self.arch.name);
        if overlay.is_dir() {
            copy::add(&overlay, self.source)?;
        }
        self.arch.derived.iter().try_for_each(|file| derive(self.source, file))
    }

    /// Makes `kernel.elf` in the work folder.
    ///
    /// # Errors
    ///
    /// make fails: the end of its log.
    pub fn run(&self) -> Result<()> {
        let arch = self.arch;
        let mut make = Command::new("make");
        make.current_dir(self.work)
            .arg("-f")
            .arg(self.source.join("Makefile"))
            .arg(assignment("SOURCE_ROOT", self.source))
            .arg(format!("ARCH={}", self.settings.word("ARCH")?))
            .arg(format!("SEL4_ARCH={}", arch.name))
            .arg(format!("PLAT={}", self.settings.word("PLAT")?))
            .arg(format!("TOOLPREFIX={}", arch.tool_prefix))
            // Only a check, and one that fails on what current preprocessors write.
            .arg("CIRCULAR_INCLUDES=true")
            .arg(format!("WARNINGS={WARNINGS}"))
            .args(arch.arguments)
            .arg("kernel.elf");
        if matches!(self.config, Config::Debug) {
            make.arg("DEBUG=1");
        }
        // The Makefile's part for standalone builds is skipped, since it would also force -Werror and its own
        // autoconf.h; what it would have set stands here.
        make.env_remove("MAKEFLAGS")
            .env("PATH", self.search_path()?)
            .env("NK_CFLAGS", "1")
            .env("HAVE_AUTOCONF", "1")
            .env("srctree", self.work)
            .env("CFLAGS", arch.cflags)
            .env("ASFLAGS", arch.asflags)
            .env("LDFLAGS", arch.ldflags)
            .env("CPPFLAGS", format!("-I{}/include/generated {}", self.work.display(), arch.overrides))
            .env("DEFINES", arch.defines)
            .envs(arch.environment.iter().copied());
        tools::run(&mut make, &self.work.join("make.log"))
    }

    /// The Python environment first: the generators are started as `python`. The Makefile puts literal quotes
    /// around the path, which spoils its last folder; hence one more.
    fn search_path(&self) -> Result<OsString> {
        let old = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.python.to_path_buf())
            .chain(env::split_paths(&old))
            .chain(std::iter::once("/nonexistent".into()));
        env::join_paths(folders).context("PATH")
    }
}

/// Makes a file of the source from another.
fn derive(source: &Path, Derived { from, to, replace }: &Derived) -> Result<()> {
    let mut text = fs::read_to_string(source.join(from)).with_context(|| format!("read {from}"))?;
    if let Some((old, new)) = replace {
        if text.matches(old).count() != 1 {
            bail!("{from}: {old:?} does not occur once");
        }
        text = text.replace(old, new);
    }
    fs::write(source.join(to), text).with_context(|| format!("write {to}"))
}

/// `name=path` as one argument.
fn assignment(name: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(format!("{name}="));
    argument.push(path);
    argument
}

/// Writes `kernel32.elf`, the same kernel as a 32-bit ELF file: multiboot loaders refuse a 64-bit one.
///
/// # Errors
///
/// Those of objcopy.
pub fn multiboot(kernel: &Path, kernel32: &Path, log: &Path) -> Result<()> {
    let mut objcopy = Command::new("objcopy");
    objcopy.args(["--strip-debug", "-O", "elf32-i386"]).arg(kernel).arg(kernel32);
    tools::run(&mut objcopy, log)
}

/// Preprocesses a bitfield file with the settings: the generators read no conditions.
///
/// # Errors
///
/// Those of the preprocessor.
pub fn preprocess(input: &Path, output: &Path, include: &Path, log: &Path) -> Result<()> {
    let mut cpp = Command::new("cpp");
    cpp.args(["-P", "-undef", "-nostdinc"]).arg("-I").arg(include).arg(input).arg(output);
    tools::run(&mut cpp, log)?;
    fs::remove_file(input).with_context(|| format!("remove {}", input.display()))
}
