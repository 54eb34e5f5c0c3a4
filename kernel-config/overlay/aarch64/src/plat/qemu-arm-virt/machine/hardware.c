/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 */

/* QEMU's machine 'virt': the generic timer, and no cache outside of the cores. */

#include <config.h>
#include <types.h>
#include <arch/machine.h>
#include <mode/machine/timer.h>
#include <arch/linker.h>
#include <machine/timer.h>

void
resetTimer(void)
{
    resetGenericTimer();
}

BOOT_CODE void
initTimer(void)
{
    initGenericTimer();
}

/* What include/arch/arm/arch/machine/l2c_310.h declares for machines with an outer cache. */
void plat_cleanL2Range(paddr_t start, paddr_t end) {}
void plat_invalidateL2Range(paddr_t start, paddr_t end) {}
void plat_cleanInvalidateL2Range(paddr_t start, paddr_t end) {}
void plat_cleanInvalidateCache(void) {}
BOOT_CODE void initL2Cache(void) {}
