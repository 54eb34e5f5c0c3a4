/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 *
 * SPDX-License-Identifier: GPL-2.0-only
 *
 * Address spaces while booting: the kernel's window, and the root task's.
 */

#include <config.h>
#include <types.h>
#include <kernel/boot.h>
#include <model/statedata.h>
#include <arch/kernel/boot.h>
#include <arch/kernel/pagetable.h>
#include <arch/kernel/vspace.h>
#include <arch/linker.h>
#include <plat/machine/hardware.h>

BOOT_CODE void
map_kernel_window(void)
{
    for (paddr_t paddr = 0; paddr < PADDR_TOP; paddr += BIT(seL4_HugePageBits)) {
        riscvKSGlobalPT[PT_INDEX(paddr + BASE_OFFSET, PT_LEVELS - 1)] = pteLeaf(paddr, true, false, true, true);
    }
}

BOOT_CODE void
activate_kernel_vspace(void)
{
    /* Do all ASID bits stick? */
    satp_t satp = satp_new(SATP_MODE_SV39, MASK(16), pptr_to_paddr(riscvKSGlobalPT) >> PAGE_BITS);

    invalidateTLB();
    write_csr(satp, satp.words[0]);
    riscvKSHardwareASIDs = read_csr(satp) == satp.words[0];
    setKernelVMRoot();
    invalidateTLB();
}

static BOOT_CODE cap_t
create_it_page_table(cap_t vspace_cap, vptr_t vptr, bool_t isRoot)
{
    pptr_t pptr = alloc_region(seL4_PageTableBits);

    if (!pptr) {
        return cap_null_cap_new();
    }
    memzero((void *)pptr, BIT(seL4_PageTableBits));
    if (isRoot) {
        copyKernelWindow(PT_PTR(pptr));
    } else {
        *lookupPTSlot(PT_PTR(pptr_of_cap(vspace_cap)), vptr, 1).pte = pteTable(PT_PTR(pptr));
    }
    return cap_page_table_cap_new(
               IT_ASID,     /* capPTMappedASID */
               pptr,        /* capPTBasePtr */
               true,        /* capPTIsMapped */
               isRoot,      /* capPTIsRoot */
               vptr         /* capPTMappedAddress */
           );
}

BOOT_CODE cap_t
create_it_address_space(cap_t root_cnode_cap, v_region_t it_v_reg)
{
    seL4_SlotPos first = ndks_boot.slot_pos_cur;
    cap_t vspace_cap = create_it_page_table(cap_null_cap_new(), 0, true);

    if (cap_get_capType(vspace_cap) == cap_null_cap) {
        return vspace_cap;
    }
    write_slot(SLOT_PTR(pptr_of_cap(root_cnode_cap), seL4_CapInitThreadVSpace), vspace_cap);

    /* page tables for the region, from the top down */
    for (word_t level = PT_LEVELS - 1; level > 0; level--) {
        for (vptr_t vptr = ROUND_DOWN(it_v_reg.start, PT_LEVEL_BITS(level));
                vptr < it_v_reg.end; vptr += BIT(PT_LEVEL_BITS(level))) {
            cap_t cap = create_it_page_table(vspace_cap, vptr, false);

            if (cap_get_capType(cap) == cap_null_cap || !provide_cap(root_cnode_cap, cap)) {
                return cap_null_cap_new();
            }
        }
    }

    ndks_boot.bi_frame->userImagePaging = (seL4_SlotRegion) { first, ndks_boot.slot_pos_cur };
    return vspace_cap;
}

static BOOT_CODE cap_t
create_it_frame_cap(pptr_t pptr, vptr_t vptr, asid_t asid, bool_t use_large)
{
    return cap_frame_cap_new(
               asid,                                /* capFMappedASID */
               pptr,                                /* capFBasePtr */
               use_large ? RISCVMegaPage : RISCV4KPage, /* capFSize */
               wordFromVMRights(VMReadWrite),       /* capFVMRights */
               false,                               /* capFIsDevice */
               vptr                                 /* capFMappedAddress */
           );
}

BOOT_CODE cap_t
create_unmapped_it_frame_cap(pptr_t pptr, bool_t use_large)
{
    return create_it_frame_cap(pptr, 0, asidInvalid, use_large);
}

BOOT_CODE cap_t
create_mapped_it_frame_cap(cap_t vspace_cap, pptr_t pptr, vptr_t vptr, asid_t asid, bool_t use_large, bool_t executable)
{
    ptSlot_t slot = lookupPTSlot(PT_PTR(pptr_of_cap(vspace_cap)), vptr, use_large ? RISCVMegaPage : RISCV4KPage);

    *slot.pte = pteUser(pptr_to_paddr((void *)pptr), VMReadWrite, executable);
    return create_it_frame_cap(pptr, vptr, asid, use_large);
}

BOOT_CODE void
write_it_asid_pool(cap_t it_ap_cap, cap_t it_vspace_cap)
{
    asid_pool_t *pool = ASID_POOL_PTR(pptr_of_cap(it_ap_cap));

    pool->array[IT_ASID] = PT_PTR(pptr_of_cap(it_vspace_cap));
    riscvKSASIDTable[IT_ASID >> asidLowBits] = pool;
}
