//! Settings that an installed kernel must have, each with the change to make where it has not.

use anyhow::{Result, bail};
use clap::ValueEnum;
use sel4_sys_gen::Settings;

use Wanted::{AtLeast, Number, Off, On};

/// What only some uses need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Need {
    /// Debug system calls and printing.
    Debug,
    /// The benchmarks' system calls.
    Benchmarks,
}

/// A requirement.
struct Rule {
    /// The setting, for the message.
    setting: &'static str,
    /// What it has to be.
    wanted: Wanted,
    /// What to set when the kernel is built.
    change: &'static str,
    /// Why.
    why: &'static str,
}

/// What a setting has to be.
enum Wanted {
    On,
    Off,
    Number(i64),
    AtLeast(i64),
}

const fn rule(setting: &'static str, wanted: Wanted, change: &'static str, why: &'static str) -> Rule {
    Rule { setting, wanted, change, why }
}

impl Rule {
    /// Whether the kernel satisfies it.
    fn holds(&self, settings: &Settings) -> bool {
        let number = settings.number(self.setting);
        match self.wanted {
            On => settings.defined(self.setting),
            Off => !settings.defined(self.setting),
            Number(wanted) => number == Some(wanted),
            AtLeast(least) => number.is_some_and(|number| number >= least),
        }
    }
}

/// Slots of the root CNode: the root task's image has one per page, and each cell that programs run in takes its own.
const ROOT_CNODE_BITS: i64 = 14;

const ALWAYS: [Rule; 6] = [
    rule("KERNEL_MCS", Off, "KernelIsMCS OFF", "replies and scheduling are another interface with it"),
    rule("MAX_NUM_NODES", Number(1), "KernelMaxNumNodes 1", "hypOS runs on one core"),
    rule("WORD_SIZE", Number(64), "KernelSel4Arch to a 64-bit one", "hypOS is 64-bit"),
    rule(
        "ROOT_CNODE_SIZE_BITS",
        AtLeast(ROOT_CNODE_BITS),
        "KernelRootCNodeSizeBits 14 or more",
        "the root task would run out of slots",
    ),
    rule(
        "NUM_PRIORITIES",
        Number(256),
        "KernelNumPriorities 256",
        "services have priorities up to 210, the root task 255",
    ),
    rule(
        "RETYPE_FAN_OUT_LIMIT",
        AtLeast(256),
        "KernelRetypeFanOutLimit 256",
        "frames are made so many at a time",
    ),
];

const X86: [Rule; 3] = [
    rule("IRQ_IOAPIC", On, "KernelIRQController IOAPIC", "the PIC's interrupts are named in another way"),
    rule("SYSCALL", On, "KernelX86Syscall syscall", "programs enter the kernel by this instruction"),
    rule("MULTIBOOT1_HEADER", On, "KernelMultiboot1Header ON", "QEMU and GRUB start the kernel by it"),
];

const ARM: [Rule; 2] = [
    rule(
        "EXPORT_PCNT_USER",
        On,
        "KernelArmExportPCNTUser ON",
        "services and programs read the time from the counter",
    ),
    rule("EXPORT_PTMR_USER", On, "KernelArmExportPTMRUser ON", "the timer service sets EL1's physical timer"),
];

const RISCV: [Rule; 1] =
    [rule("PT_LEVELS", Number(3), "KernelPTLevels 3", "address spaces are those of Sv39")];

const DEBUG: [Rule; 2] = [
    rule("DEBUG_BUILD", On, "KernelDebugBuild ON", "debug system calls were asked for"),
    rule("PRINTING", On, "KernelPrinting ON", "the kernel's own console was asked for"),
];

const BENCHMARKS: [Rule; 1] = [rule(
    "ENABLE_BENCHMARKS",
    On,
    "KernelBenchmarks to what is to be measured",
    "the benchmarks' system calls were asked for",
)];

/// Checks the settings against those of the board (the text of its `autoconf.h`) and against all rules.
///
/// # Errors
///
/// Names every setting that does not do, and the change to make.
pub fn check(settings: &Settings, board: &str, needs: &[Need]) -> Result<()> {
    let found = |name: &str| settings.word(name).unwrap_or("nothing").to_string();
    for name in ["SEL4_ARCH", "PLAT"] {
        let wanted = board.lines().find_map(|line| line.strip_prefix(&format!("#define CONFIG_{name} ")));
        if let Some(wanted) = wanted.map(str::trim)
            && settings.word(name) != Some(wanted)
        {
            bail!("this kernel is for {name} {}, the board wants {wanted}", found(name));
        }
    }
    let of_arch: &[Rule] = match settings.word("ARCH") {
        Some("x86") => &X86,
        Some("arm") => &ARM,
        Some("riscv") => &RISCV,
        _ => &[],
    };
    let debug = DEBUG.iter().filter(|_| needs.contains(&Need::Debug));
    let benchmarks = BENCHMARKS.iter().filter(|_| needs.contains(&Need::Benchmarks));
    let broken: Vec<_> = ALWAYS
        .iter()
        .chain(of_arch)
        .chain(debug)
        .chain(benchmarks)
        .filter(|rule| !rule.holds(settings))
        .map(|rule| format!("\n  {}: build the kernel with {} ({})", rule.setting, rule.change, rule.why))
        .collect();
    if broken.is_empty() { Ok(()) } else { bail!("settings that can't be worked with:{}", broken.concat()) }
}
