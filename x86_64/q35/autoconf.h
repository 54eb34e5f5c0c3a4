/*
 * Kernel settings of x86_64/q35, read by the seL4 5.0.0 build in place of its own file and by
 * kernel-config, which writes gen_config.json from it.
 *
 * Form: a switch is a bare 1 and is absent when off; a number stands in parentheses; a word is a word.
 * The debug kernel adds CONFIG_DEBUG_BUILD, CONFIG_PRINTING and a stack dump after user faults (kernel-config/src/main.rs).
 */
#ifndef AUTOCONF_INCLUDED
#define AUTOCONF_INCLUDED

/* Names of the folders below src/ and libsel4/ in the kernel's source. */
#define CONFIG_ARCH x86
#define CONFIG_SEL4_ARCH x86_64
#define CONFIG_PLAT pc99

#define CONFIG_ARCH_X86 1
#define CONFIG_ARCH_X86_64 1
#define CONFIG_PLAT_PC99 1
#define CONFIG_WORD_SIZE (64)
#define CONFIG_CACHE_LN_SZ (64)

/* CPU: any x86_64 with FSGSBASE and 1 GiB pages; QEMU's TCG has both. No PCID, no IOMMU (not in TCG). */
#define CONFIG_SYSCALL 1
#define CONFIG_FSGSBASE_INST 1
#define CONFIG_HUGE_PAGE 1
#define CONFIG_FASTPATH 1

/* Interrupts: QEMU's TCG lacks the x2APIC. */
#define CONFIG_XAPIC 1
#define CONFIG_IRQ_IOAPIC 1
#define CONFIG_MAX_NUM_IOAPIC (1)

/* FPU: FXSAVE is in every x86_64; its area is 512 bytes (Intel SDM vol. 1, 10.5.1). */
#define CONFIG_HAVE_FPU 1
#define CONFIG_FXSAVE 1
#define CONFIG_XSAVE_SIZE (512)
#define CONFIG_FPU_MAX_RESTORES_SINCE_SWITCH (64)

/* Scheduling: one core, one domain; a slice is 5 ticks of 2 ms. */
#define CONFIG_MAX_NUM_NODES (1)
#define CONFIG_NUM_DOMAINS (1)
#define CONFIG_NUM_PRIORITIES (256)
#define CONFIG_TIMER_TICK_MS (2)
#define CONFIG_TIME_SLICE (5)

/* Sizes. A kernel stack is one page: its alignment fix depends on that (kernel-config/src/kernel.rs). */
#define CONFIG_KERNEL_STACK_BITS (12)
#define CONFIG_ROOT_CNODE_SIZE_BITS (16)
#define CONFIG_RETYPE_FAN_OUT_LIMIT (256)
#define CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS (230)
#define CONFIG_MAX_NUM_WORK_UNITS_PER_PREEMPTION (100)
#define CONFIG_RESET_CHUNK_BITS (8)

/* The boot loader leaves the screen alone. */
#define CONFIG_MULTIBOOT_GRAPHICS_MODE_NONE 1

#endif
