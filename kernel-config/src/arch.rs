//! What differs between the architectures that kernels are built for, as data: a new one is one more constant and, where
//! 5.0.0 lacks it, a folder below `overlay/`.

use anyhow::{Result, bail};

/// An architecture.
pub struct Arch {
    /// `CONFIG_SEL4_ARCH` of the platforms that it is for; its overlay is `overlay/<name>`, if there is one.
    pub name: &'static str,
    /// Before the names of the tools: `aarch64-linux-gnu-`.
    pub tool_prefix: &'static str,
    /// The Debian package of its compiler.
    pub package: &'static str,
    /// Compiler flags.
    pub cflags: &'static str,
    /// Assembler flags.
    pub asflags: &'static str,
    /// Linker flags.
    pub ldflags: &'static str,
    /// Preprocessor symbols, without `-D`.
    pub defines: &'static str,
    /// Preprocessor flags that stand in for a header.
    pub overrides: &'static str,
    /// Further variables, given to make as arguments, which its Makefile can't change.
    pub arguments: &'static [&'static str],
    /// Further variables in the environment.
    pub environment: &'static [(&'static str, &'static str)],
    /// Files that are made from others of the kernel's source.
    pub derived: &'static [Derived],
}

/// A file of the kernel's source that is made from another one.
pub struct Derived {
    /// The other one.
    pub from: &'static str,
    /// It.
    pub to: &'static str,
    /// A line of it and what stands in its place; it occurs once.
    pub replace: Option<(&'static str, &'static str)>,
}

/// `-mpopcnt`: the kernel counts bits and links no libgcc. Stack protector and unwind tables need a runtime.
///
/// The overrides shadow `include/arch/x86/arch/64/mode/kernel/stack.h`, whose only content is an alignment
/// of 16. `restore_user_context` (`src/arch/x86/64/c_traps.c`) finds the stack's top with `and ~0xfff`, which
/// takes a page-aligned stack; otherwise a nested interrupt writes over the IDT.
///
/// A system call clears those flags that `IA32_FMASK` names (Intel SDM volume 2, SYSCALL); 5.0.0 names TF and IF
/// (`init_syscall_msrs`). A program that sets NT and makes a system call after which a thread goes on that had been
/// interrupted has the kernel execute `iretq` with NT set: a general protection fault in the kernel, which halts. So a header of the
/// same name goes before the source's, in which the name that is used there stands for NT, DF and AC too. (The
/// only other use, `sanitiseRegister`, takes it from the flags that are written to a thread.)
const X86_64: Arch = Arch {
    name: "x86_64",
    tool_prefix: "",
    package: "gcc",
    cflags: "-m64 -mpopcnt -fno-asynchronous-unwind-tables -fno-stack-protector",
    asflags: "-Wa,--64",
    ldflags: "",
    defines: "HAVE_AUTOCONF ARCH_X86 X86_64 CONFIG_X86_64=y __KERNEL_64__ KERNEL_64=y __X86_64__=y",
    overrides: "-D__KERNEL_MODE_STACK_H -DKERNEL_STACK_ALIGNMENT=4096",
    arguments: &[],
    environment: &[("TYPE_SUFFIX", "64"), ("__X86_64__", "y")],
    derived: &[Derived {
        from: "include/arch/x86/arch/machine/cpu_registers.h",
        to: "../include/generated/arch/machine/cpu_registers.h",
        replace: Some((
            "#define FLAGS_TF            BIT(8)  /* Trap Flag */",
            "#define FLAGS_TF (BIT(8) | BIT(10) | BIT(14) | BIT(18)) /* TF, DF, NT, AC */",
        )),
    }],
};

/// `-mno-outline-atomics` and `-fno-tree-loop-distribute-patterns`: no calls of libgcc and of `memset`. The Makefile
/// takes the Cortex-A57 for the interrupt controller that goes with it (`gic_pl390.c`).
///
/// The physical timer (PPI 30) is user space's, and its registers are open to programs or not for all of them at once
/// (`CNTKCTL_EL1.EL0PTEN`, Arm ARM D17.11.2): each could stop the one clock, or have it interrupt without end. So a header
/// goes before `include/arch/arm/arch/64/mode/machine.h` in which the function that both ways out of the kernel call for the
/// thread that goes on (`restore_user_context`, `fastpath_restore`) opens them to threads with an IPC buffer only: services
/// have one, programs in cells have none. All may read the counters. The exception's return synchronises the write.
const AARCH64: Arch = Arch {
    name: "aarch64",
    tool_prefix: "aarch64-linux-gnu-",
    package: "gcc-aarch64-linux-gnu",
    cflags: "-mcpu=cortex-a57 -mno-outline-atomics -fno-stack-protector -fno-tree-loop-distribute-patterns",
    asflags: "-mcpu=cortex-a57",
    ldflags: "",
    defines: "HAVE_AUTOCONF ARCH_ARM ARMV8_A AARCH64 __KERNEL_64__ ARM_CORTEX_A57",
    overrides: "",
    arguments: &["CPU=cortex-a57", "ARMV=armv8-a", "PLAT_LIST=qemu-arm-virt"],
    environment: &[("TYPE_SUFFIX", "64")],
    derived: &[
        Derived {
            from: "include/arch/arm/arch/64/mode/machine.h",
            to: "../include/generated/mode/machine.h",
            replace: Some((
                "    MSR(\"tpidr_el0\", reg);",
                "    MSR(\"tpidr_el0\", reg);\n    MSR(\"cntkctl_el1\", reg ? 0x203ul : 0x003ul);",
            )),
        },
        Derived {
            from: "include/plat/tx1/plat/machine/hardware.bf",
            to: "include/plat/qemu-arm-virt/plat/machine/hardware.bf",
            replace: None,
        },
        Derived {
            from: "src/plat/tx1/linker.lds",
            to: "src/plat/qemu-arm-virt/linker.lds",
            replace: Some(("PHYS_BASE = 0x80000000;", "PHYS_BASE = 0x40000000;")),
        },
    ],
};

/// The kernel lies in the upper half of the address space, which the `medany` code model reaches; it uses no floating
/// point. Debian's compiler makes position-independent code unless told not to. All of the architecture is the overlay's.
const RISCV64: Arch = Arch {
    name: "riscv64",
    tool_prefix: "riscv64-linux-gnu-",
    package: "gcc-riscv64-linux-gnu",
    cflags: "-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -fno-pic -fno-stack-protector \
             -fno-tree-loop-distribute-patterns",
    asflags: "-march=rv64imac_zicsr_zifencei -mabi=lp64",
    ldflags: "-march=rv64imac_zicsr_zifencei -mabi=lp64 -no-pie -Wl,--build-id=none",
    defines: "HAVE_AUTOCONF __KERNEL_64__",
    overrides: "",
    arguments: &["ARCH_LIST=riscv", "SEL4_ARCH_LIST=riscv64", "PLAT_LIST=qemu-riscv-virt"],
    environment: &[("TYPE_SUFFIX", "64"), ("FASTPATH", "1")],
    derived: &[],
};

const ALL: [&Arch; 3] = [&X86_64, &AARCH64, &RISCV64];

impl Arch {
    /// The architecture that `CONFIG_SEL4_ARCH` names.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn find(name: &str) -> Result<&'static Self> {
        if let Some(arch) = ALL.into_iter().find(|arch| arch.name == name) {
            return Ok(arch);
        }
        let known = ALL.map(|arch| arch.name).join(", ");
        bail!("CONFIG_SEL4_ARCH: kernels for {name} can't be built, only for {known}")
    }
}
