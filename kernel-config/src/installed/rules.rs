//! Settings that an installed kernel must have, each with the change to make where it has not.

use anyhow::{Result, bail};
use clap::ValueEnum;
use sel4_sys_gen::Settings;

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
    /// Whether the kernel satisfies it.
    holds: fn(&Settings) -> bool,
    /// What to set when the kernel is built.
    change: &'static str,
    /// Why.
    why: &'static str,
}

/// Slots of the root CNode: the root task's image has one per page, and each cell that programs run in takes its own.
const ROOT_CNODE_BITS: i64 = 14;

const ALWAYS: [Rule; 6] = [
    Rule {
        setting: "KERNEL_MCS",
        holds: |settings| !settings.defined("KERNEL_MCS"),
        change: "KernelIsMCS OFF",
        why: "replies and scheduling are another interface with it",
    },
    Rule {
        setting: "MAX_NUM_NODES",
        holds: |settings| settings.number("MAX_NUM_NODES") == Some(1),
        change: "KernelMaxNumNodes 1",
        why: "hypOS runs on one core",
    },
    Rule {
        setting: "WORD_SIZE",
        holds: |settings| settings.number("WORD_SIZE") == Some(64),
        change: "KernelSel4Arch to a 64-bit one",
        why: "hypOS is 64-bit",
    },
    Rule {
        setting: "ROOT_CNODE_SIZE_BITS",
        holds: |settings| settings.number("ROOT_CNODE_SIZE_BITS").is_some_and(|bits| bits >= ROOT_CNODE_BITS),
        change: "KernelRootCNodeSizeBits 14 or more",
        why: "the root task would run out of slots",
    },
    Rule {
        setting: "NUM_PRIORITIES",
        holds: |settings| settings.number("NUM_PRIORITIES") == Some(256),
        change: "KernelNumPriorities 256",
        why: "services have priorities up to 210, the root task 255",
    },
    Rule {
        setting: "RETYPE_FAN_OUT_LIMIT",
        holds: |settings| settings.number("RETYPE_FAN_OUT_LIMIT").is_some_and(|limit| limit >= 256),
        change: "KernelRetypeFanOutLimit 256",
        why: "frames are made so many at a time",
    },
];

const X86: [Rule; 3] = [
    Rule {
        setting: "IRQ_IOAPIC",
        holds: |settings| settings.defined("IRQ_IOAPIC"),
        change: "KernelIRQController IOAPIC",
        why: "the PIC's interrupts are named in another way",
    },
    Rule {
        setting: "SYSCALL",
        holds: |settings| settings.defined("SYSCALL"),
        change: "KernelX86Syscall syscall",
        why: "programs enter the kernel by this instruction",
    },
    Rule {
        setting: "MULTIBOOT1_HEADER",
        holds: |settings| settings.defined("MULTIBOOT1_HEADER"),
        change: "KernelMultiboot1Header ON",
        why: "QEMU and GRUB start the kernel by it",
    },
];

const ARM: [Rule; 2] = [
    Rule {
        setting: "EXPORT_PCNT_USER",
        holds: |settings| settings.defined("EXPORT_PCNT_USER"),
        change: "KernelArmExportPCNTUser ON",
        why: "services and programs read the time from the counter",
    },
    Rule {
        setting: "EXPORT_PTMR_USER",
        holds: |settings| settings.defined("EXPORT_PTMR_USER"),
        change: "KernelArmExportPTMRUser ON",
        why: "the timer service sets EL1's physical timer",
    },
];

const RISCV: [Rule; 1] = [Rule {
    setting: "PT_LEVELS",
    holds: |settings| settings.number("PT_LEVELS") == Some(3),
    change: "KernelPTLevels 3",
    why: "address spaces are those of Sv39",
}];

const DEBUG: [Rule; 2] = [
    Rule {
        setting: "DEBUG_BUILD",
        holds: |settings| settings.defined("DEBUG_BUILD"),
        change: "KernelDebugBuild ON",
        why: "debug system calls were asked for",
    },
    Rule {
        setting: "PRINTING",
        holds: |settings| settings.defined("PRINTING"),
        change: "KernelPrinting ON",
        why: "the kernel's own console was asked for",
    },
];

const BENCHMARKS: [Rule; 1] = [Rule {
    setting: "ENABLE_BENCHMARKS",
    holds: |settings| settings.defined("ENABLE_BENCHMARKS"),
    change: "KernelBenchmarks to what is to be measured",
    why: "the benchmarks' system calls were asked for",
}];

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
        .filter(|rule| !(rule.holds)(settings))
        .map(|rule| format!("\n  {}: build the kernel with {} ({})", rule.setting, rule.change, rule.why))
        .collect();
    if broken.is_empty() { Ok(()) } else { bail!("settings that can't be worked with:{}", broken.concat()) }
}
