/*
 * Kernel settings of riscv64/virt-256, read by the seL4 5.0.0 build in place of its own file and by
 * kernel-config, which writes gen_config.json from it.
 *
 * Form: a switch is a bare 1 and is absent when off; a number stands in parentheses; a word is a word.
 * The debug kernel adds CONFIG_DEBUG_BUILD, CONFIG_PRINTING and a stack dump after user faults (kernel-config/src/main.rs).
 */
#ifndef AUTOCONF_INCLUDED
#define AUTOCONF_INCLUDED

/* Names of the folders below src/ and libsel4/ in the kernel's source with kernel-config's overlay. */
#define CONFIG_ARCH riscv
#define CONFIG_SEL4_ARCH riscv64
#define CONFIG_PLAT qemu-riscv-virt

#define CONFIG_ARCH_RISCV 1
#define CONFIG_ARCH_RISCV64 1
#define CONFIG_PLAT_QEMU_RISCV_VIRT 1
#define CONFIG_WORD_SIZE (64)
#define CONFIG_FASTPATH 1

/* The machine's RAM in MiB: 5.0.0 reads no device tree. Scripts and tests start QEMU with it. */
#define CONFIG_QEMU_RAM_MB (256)

/* Scheduling: one hart, one domain; a slice is 5 ticks of 2 ms. */
#define CONFIG_MAX_NUM_NODES (1)
#define CONFIG_NUM_DOMAINS (1)
#define CONFIG_NUM_PRIORITIES (256)
#define CONFIG_TIMER_TICK_MS (2)
#define CONFIG_TIME_SLICE (5)

/* Sizes. */
#define CONFIG_KERNEL_STACK_BITS (12)
#define CONFIG_ROOT_CNODE_SIZE_BITS (16)
#define CONFIG_RETYPE_FAN_OUT_LIMIT (256)
#define CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS (230)
#define CONFIG_MAX_NUM_WORK_UNITS_PER_PREEMPTION (100)
#define CONFIG_RESET_CHUNK_BITS (8)

#endif
