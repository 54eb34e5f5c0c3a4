/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 */

#ifndef __PLAT_MACHINE_H
#define __PLAT_MACHINE_H

/* 16 SGIs, 16 PPIs, 256 SPIs: what QEMU wires up (hw/arm/virt.c: NUM_IRQS). */
#define N_INTERRUPTS 288

/* An SPI's number is 32 more than that in QEMU's a15irqmap, a PPI's 16 more. */
enum IRQConstants {
    INTERRUPT_VTIMER    = 27,   /* PPI 11: EL1 virtual timer */
    INTERRUPT_PTIMER    = 30,   /* PPI 14: EL1 non-secure physical timer */
    INTERRUPT_UART0     = 33,   /* SPI 1 */
    INTERRUPT_RTC       = 34,   /* SPI 2 */
    INTERRUPT_PCIE_INTA = 35,   /* SPI 3 to 6: INTA to INTD of slot 0 */
    INTERRUPT_GPIO      = 39,   /* SPI 7 */
    INTERRUPT_VIRTIO0   = 48,   /* SPI 16 to 47: 32 virtio-mmio transports */
    maxIRQ              = 287
} platform_interrupt_t;

/* BIT(14) bytes of slots of 32 bytes each: room for maxIRQ. */
#define IRQ_CNODE_BITS      14

/* Left to user space: the physical timer. */
#define KERNEL_TIMER_IRQ    INTERRUPT_VTIMER

#include <arch/machine/gic_pl390.h>

#endif /* __PLAT_MACHINE_H */
