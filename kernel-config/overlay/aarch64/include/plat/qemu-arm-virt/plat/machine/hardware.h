/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 */

#ifndef __PLAT_MACHINE_HARDWARE_H
#define __PLAT_MACHINE_HARDWARE_H

#include <config.h>
#include <basic_types.h>
#include <arch/linker.h>
#include <plat/machine.h>
#include <plat/machine/devices.h>

/* CNTFRQ_EL0 (QEMU target/arm/internals.h: GTIMER_SCALE is 16 ns). */
#define TIMER_CLOCK_HZ      62500000llu

/* Also in linker.lds. */
#define physBase            0x40000000
#define kernelBase          0xffffff8000000000

/* Maximum virtual address accessible from userspace */
#define USER_TOP            0x0000ffffffffffff

static const kernel_frame_t BOOT_RODATA kernel_devices[] = {
    { GIC_CONTROLLER0_PADDR, GIC_CONTROLLER_PPTR,  true /* armExecuteNever */ },
    { GIC_DISTRIBUTOR_PADDR, GIC_DISTRIBUTOR_PPTR, true },
#if defined(CONFIG_PRINTING) || defined(CONFIG_DEBUG_BUILD)
    { UART0_PADDR,           UART0_PPTR,           true },
#endif
};

/* All RAM: 5.0.0 reads no device tree. The machine must have at least so much. */
static const p_region_t BOOT_RODATA avail_p_regs[] = {
    { .start = physBase, .end = physBase + CONFIG_QEMU_RAM_MB * 0x100000ul }
};

/* Devices that user space may have. The GIC is not among them, nor PCI's configuration space. */
static const p_region_t BOOT_RODATA dev_p_regs[] = {
    { UART0_PADDR,     UART0_PADDR + BIT(seL4_PageBits) },
    { RTC_PADDR,       RTC_PADDR + BIT(seL4_PageBits) },
    { FWCFG_PADDR,     FWCFG_PADDR + BIT(seL4_PageBits) },
    { GPIO_PADDR,      GPIO_PADDR + BIT(seL4_PageBits) },
    { VIRTIO_PADDR,    VIRTIO_PADDR + VIRTIO_SIZE },
    { PCIE_MMIO_PADDR, PCIE_MMIO_END },
    { PCIE_PIO_PADDR,  PCIE_PIO_PADDR + PCIE_PIO_SIZE },
};

static inline void
handleReservedIRQ(irq_t irq)
{
}

#endif /* __PLAT_MACHINE_HARDWARE_H */
