/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 */

/* Addresses of QEMU's machine 'virt' (hw/arm/virt.c: base_memmap). */

#ifndef __PLAT_MACHINE_DEVICES_H
#define __PLAT_MACHINE_DEVICES_H

/* What the kernel itself maps, in its last page table. */
#define UART0_PPTR                  0xffffffffffff0000
#define GIC_DISTRIBUTOR_PPTR        0xffffffffffff3000
#define GIC_CONTROLLER_PPTR         0xffffffffffff4000

#define GIC_PL390_CONTROLLER_PPTR   GIC_CONTROLLER_PPTR
#define GIC_PL390_DISTRIBUTOR_PPTR  GIC_DISTRIBUTOR_PPTR

#define GIC_DISTRIBUTOR_PADDR       0x08000000
#define GIC_CONTROLLER0_PADDR       0x08010000
#define UART0_PADDR                 0x09000000
#define RTC_PADDR                   0x09010000
#define FWCFG_PADDR                 0x09020000
#define GPIO_PADDR                  0x09030000
#define VIRTIO_PADDR                0x0a000000
#define VIRTIO_SIZE                 0x00004000  /* 32 * 0x200 */
#define PCIE_MMIO_PADDR             0x10000000
#define PCIE_MMIO_END               0x3eff0000
#define PCIE_PIO_PADDR              0x3eff0000
#define PCIE_PIO_SIZE               0x00010000

#endif /* __PLAT_MACHINE_DEVICES_H */
