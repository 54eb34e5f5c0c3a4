//! The kernel's own build, driven from outside: its Makefile reads everything from the environment, so
//! not one of its files is edited.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::settings::Settings;
use crate::{Config, tools};

/// What the Makefile's part for standalone builds would have set, as environment variables (it is skipped,
/// since it would also force `-Werror` and its own `autoconf.h`).
struct Arch {
    cflags: &'static str,
    asflags: &'static str,
    defines: &'static str,
    /// Preprocessor flags that stand in for a header.
    overrides: &'static str,
    environment: [(&'static str, &'static str); 2],
}

/// `-mpopcnt`: the kernel counts bits and links no libgcc. Stack protector and unwind tables need a runtime.
///
/// The overrides shadow `include/arch/x86/arch/64/mode/kernel/stack.h`, whose only content is an alignment
/// of 16. `restore_user_context` (`src/arch/x86/64/c_traps.c`) finds the stack's top with `and ~0xfff`, which
/// takes a page-aligned stack; otherwise a nested interrupt writes over the IDT.
const X86_64: Arch = Arch {
    cflags: "-m64 -mpopcnt -fno-asynchronous-unwind-tables -fno-stack-protector",
    asflags: "-Wa,--64",
    defines: "HAVE_AUTOCONF ARCH_X86 X86_64 CONFIG_X86_64=y __KERNEL_64__ KERNEL_64=y __X86_64__=y",
    overrides: "-D__KERNEL_MODE_STACK_H -DKERNEL_STACK_ALIGNMENT=4096",
    environment: [("TYPE_SUFFIX", "64"), ("__X86_64__", "y")],
};

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
    /// Debug or release.
    pub config: Config,
    /// The `bin` folder of the Python environment.
    pub python: &'a Path,
}

impl Build<'_> {
    /// Makes `kernel.elf` in the work folder.
    ///
    /// # Errors
    ///
    /// The architecture is not supported, or make fails: the end of its log.
    pub fn run(&self) -> Result<()> {
        let sel4_arch = self.settings.word("SEL4_ARCH")?;
        let arch = match sel4_arch {
            "x86_64" => X86_64,
            other => bail!("kernels for {other} can't be built yet, only for x86_64"),
        };
        let mut make = Command::new("make");
        make.current_dir(self.work)
            .arg("-f")
            .arg(self.source.join("Makefile"))
            .arg(assignment("SOURCE_ROOT", self.source))
            .arg(format!("ARCH={}", self.settings.word("ARCH")?))
            .arg(format!("SEL4_ARCH={sel4_arch}"))
            .arg(format!("PLAT={}", self.settings.word("PLAT")?))
            // Only a check, and one that fails on what current preprocessors write.
            .arg("CIRCULAR_INCLUDES=true")
            .arg(format!("WARNINGS={WARNINGS}"))
            .arg("kernel.elf");
        if matches!(self.config, Config::Debug) {
            make.arg("DEBUG=1");
        }
        make.env_remove("MAKEFLAGS")
            .env("PATH", self.search_path()?)
            .env("NK_CFLAGS", "1")
            .env("HAVE_AUTOCONF", "1")
            .env("srctree", self.work)
            .env("CFLAGS", arch.cflags)
            .env("ASFLAGS", arch.asflags)
            .env("CPPFLAGS", format!("-I{}/include/generated {}", self.work.display(), arch.overrides))
            .env("DEFINES", arch.defines)
            .envs(arch.environment);
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
