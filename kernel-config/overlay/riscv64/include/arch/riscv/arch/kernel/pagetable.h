/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 *
 * SPDX-License-Identifier: GPL-2.0-only
 *
 * Page table entries of Sv39 (RISC-V privileged specification, 4.4).
 */

#ifndef __ARCH_KERNEL_PAGETABLE_H
#define __ARCH_KERNEL_PAGETABLE_H

#include <config.h>
#include <types.h>
#include <object/structures.h>
#include <arch/machine.h>
#include <arch/model/statedata.h>

static inline pte_t
pteInvalid(void)
{
    return (pte_t) { { 0 } };
}

/* Points to the next level. */
static inline pte_t
pteTable(pte_t *pt)
{
    return pte_new(pptr_to_paddr(pt) >> PAGE_BITS, 0, 0, 0, 0, 0, 0, 0, 0, 1);
}

/*
 * A page. Accessed and dirty are set at once: where the hardware does not set
 * them itself it raises a page fault instead (privileged spec, 4.3.1).
 */
static inline pte_t
pteLeaf(paddr_t paddr, bool_t global, bool_t user, bool_t execute, bool_t write)
{
    return pte_new(paddr >> PAGE_BITS, 0, 1, 1, global, user, execute, write, 1, 1);
}

static inline pte_t
pteUser(paddr_t paddr, vm_rights_t rights, bool_t execute)
{
    bool_t user = rights != VMKernelOnly;
    return pteLeaf(paddr, false, user, user && execute, rights == VMReadWrite);
}

static inline paddr_t
ptePaddr(pte_t *pte)
{
    return pte_ptr_get_ppn(pte) << PAGE_BITS;
}

/*
 * A valid entry without R, W and X points to the next level; the kernel writes
 * no page without R, though one without rights has no U.
 */
static inline bool_t
pteIsTable(pte_t *pte)
{
    return pte_ptr_get_valid(pte) && !pte_ptr_get_read(pte);
}

static inline bool_t
pteIsLeafTo(pte_t *pte, paddr_t paddr)
{
    return pte_ptr_get_valid(pte) && pte_ptr_get_read(pte) && ptePaddr(pte) == paddr;
}

struct ptSlot {
    pte_t *pte;
    word_t level;
};
typedef struct ptSlot ptSlot_t;

/* The entry for vptr at the given level, or the one above it where the walk ends. */
static inline ptSlot_t
lookupPTSlot(pte_t *root, vptr_t vptr, word_t level)
{
    ptSlot_t slot = { root + PT_INDEX(vptr, PT_LEVELS - 1), PT_LEVELS - 1 };

    while (slot.level > level && pteIsTable(slot.pte)) {
        pte_t *pt = paddr_to_pptr(ptePaddr(slot.pte));
        slot.level--;
        slot.pte = pt + PT_INDEX(vptr, slot.level);
    }
    return slot;
}

/* The kernel window is in the upper half of every root page table. */
static inline void
copyKernelWindow(pte_t *root)
{
    for (word_t i = PT_INDEX(BASE_OFFSET, PT_LEVELS - 1); i < BIT(PT_INDEX_BITS); i++) {
        root[i] = riscvKSGlobalPT[i];
    }
}

/*
 * Writes an entry for a page in a live page table. An entry that was invalid may
 * be cached as such (privileged spec, 4.2.1), hence the fence for those as well.
 */
static inline void
setPTE(pte_t *slot, pte_t pte, vptr_t vptr, asid_t asid)
{
    *slot = pte;
    invalidateTLB_VAASID(vptr, asid);
}

#endif
