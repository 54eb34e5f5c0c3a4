/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 *
 * SPDX-License-Identifier: GPL-2.0-only
 *
 * Invocations of page tables, pages, ASID control and ASID pools. Each checks
 * all that it was given before it changes anything; none can be preempted, since
 * the most that one does is to clear a page table.
 */

#include <config.h>
#include <types.h>
#include <api/failures.h>
#include <api/syscall.h>
#include <kernel/cspace.h>
#include <kernel/thread.h>
#include <machine/io.h>
#include <model/statedata.h>
#include <object/cnode.h>
#include <object/untyped.h>
#include <arch/api/invocation.h>
#include <arch/kernel/pagetable.h>
#include <arch/kernel/vspace.h>

static exception_t
syscallError(word_t type)
{
    current_syscall_error.type = type;
    return EXCEPTION_SYSCALL_ERROR;
}

static exception_t
invalidCap(word_t number)
{
    current_syscall_error.invalidCapNumber = number;
    return syscallError(seL4_InvalidCapability);
}

static exception_t
invalidArgument(word_t number)
{
    current_syscall_error.invalidArgumentNumber = number;
    return syscallError(seL4_InvalidArgument);
}

static exception_t
failedLookup(lookup_fault_t fault)
{
    current_lookup_fault = fault;
    current_syscall_error.failedLookupWasSource = false;
    return syscallError(seL4_FailedLookup);
}

/* An invocation's first extra cap, which is to be a live VSpace */
struct vspaceArg {
    exception_t status;
    vspace_root_t *root;
    asid_t asid;
};
typedef struct vspaceArg vspaceArg_t;

static vspaceArg_t
getVSpaceArg(cap_t cap)
{
    vspaceArg_t ret = { .status = EXCEPTION_NONE };

    if (unlikely(!isValidVTableRoot(cap))) {
        ret.status = invalidCap(1);
        return ret;
    }
    ret.asid = cap_page_table_cap_get_capPTMappedASID(cap);
    ret.root = vspaceForASID(ret.asid);
    if (unlikely(ret.root == NULL)) {
        ret.status = failedLookup(lookup_fault_invalid_root_new());
    } else if (unlikely(ret.root != PT_PTR(cap_page_table_cap_get_capPTBasePtr(cap)))) {
        ret.status = invalidCap(1);
    }
    return ret;
}

static exception_t
decodePageTableMap(word_t length, cte_t *cte, cap_t cap, extra_caps_t excaps, word_t *buffer)
{
    vspaceArg_t vspace;
    vptr_t vaddr;
    ptSlot_t slot;

    if (unlikely(length < 2 || excaps.excaprefs[0] == NULL)) {
        return syscallError(seL4_TruncatedMessage);
    }
    if (unlikely(cap_page_table_cap_get_capPTIsMapped(cap))) {
        return invalidCap(0);
    }
    vspace = getVSpaceArg(excaps.excaprefs[0]->cap);
    if (unlikely(vspace.status != EXCEPTION_NONE)) {
        return vspace.status;
    }
    vaddr = getSyscallArg(0, buffer);
    if (unlikely(vaddr > USER_TOP)) {
        return invalidArgument(0);
    }
    /* the highest level that has none yet */
    slot = lookupPTSlot(vspace.root, vaddr, 1);
    if (unlikely(pte_ptr_get_valid(slot.pte))) {
        return syscallError(seL4_DeleteFirst);
    }

    vaddr = ROUND_DOWN(vaddr, PT_LEVEL_BITS(slot.level));
    cap = cap_page_table_cap_set_capPTIsMapped(cap, true);
    cap = cap_page_table_cap_set_capPTMappedASID(cap, vspace.asid);
    cap = cap_page_table_cap_set_capPTMappedAddress(cap, vaddr);

    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    cte->cap = cap;
    *slot.pte = pteTable(PT_PTR(cap_page_table_cap_get_capPTBasePtr(cap)));
    invalidateTLB_ASID(vspace.asid);
    return EXCEPTION_NONE;
}

static exception_t
decodePageTableUnmap(cte_t *cte, cap_t cap)
{
    /* A root is in use until it is deleted. */
    if (unlikely(cap_page_table_cap_get_capPTIsRoot(cap))) {
        return syscallError(seL4_IllegalOperation);
    }
    if (unlikely(!isFinalCapability(cte))) {
        return syscallError(seL4_RevokeFirst);
    }

    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    if (cap_page_table_cap_get_capPTIsMapped(cap)) {
        pte_t *pt = PT_PTR(cap_page_table_cap_get_capPTBasePtr(cap));

        unmapPageTable(cap_page_table_cap_get_capPTMappedASID(cap),
                       cap_page_table_cap_get_capPTMappedAddress(cap), pt);
        clearMemory((word_t *)pt, seL4_PageTableBits);
    }
    cap_page_table_cap_ptr_set_capPTIsMapped(&cte->cap, false);
    return EXCEPTION_NONE;
}

/* Finds where the frame goes or is, and writes its entry. */
static exception_t
decodePageMap(word_t invLabel, word_t length, cte_t *cte, cap_t cap, extra_caps_t excaps, word_t *buffer)
{
    bool_t remap = invLabel == RISCVPageRemap;
    word_t rightsArg = remap ? 0 : 1;
    vm_page_size_t size = cap_frame_cap_get_capFSize(cap);
    asid_t mappedASID = cap_frame_cap_get_capFMappedASID(cap);
    paddr_t paddr = pptr_to_paddr((void *)cap_frame_cap_get_capFBasePtr(cap));
    vptr_t vaddr;
    vm_rights_t rights;
    vm_attributes_t attributes;
    vspaceArg_t vspace;
    ptSlot_t slot;

    if (unlikely(length < rightsArg + 2 || excaps.excaprefs[0] == NULL)) {
        return syscallError(seL4_TruncatedMessage);
    }
    vaddr = remap ? cap_frame_cap_get_capFMappedAddress(cap) : getSyscallArg(0, buffer);
    rights = maskVMRights(cap_frame_cap_get_capFVMRights(cap),
                          rightsFromWord(getSyscallArg(rightsArg, buffer)));
    attributes = vmAttributesFromWord(getSyscallArg(rightsArg + 1, buffer));

    if (unlikely(!remap && mappedASID != asidInvalid)) {
        return invalidCap(0);
    }
    vspace = getVSpaceArg(excaps.excaprefs[0]->cap);
    if (unlikely(vspace.status != EXCEPTION_NONE)) {
        return vspace.status;
    }
    if (unlikely(remap && mappedASID != vspace.asid)) {
        return invalidCap(0);
    }
    if (unlikely(!IS_ALIGNED(vaddr, pageBitsForSize(size)))) {
        return syscallError(seL4_AlignmentError);
    }
    if (unlikely(vaddr > USER_TOP)) {
        return invalidArgument(0);
    }

    slot = lookupPTSlot(vspace.root, vaddr, size);
    if (unlikely(slot.level != size)) {
        return failedLookup(lookup_fault_missing_capability_new(PT_LEVEL_BITS(slot.level)));
    }
    if (unlikely(!remap && pte_ptr_get_valid(slot.pte))) {
        return syscallError(seL4_DeleteFirst);
    }
    if (unlikely(remap && !pteIsLeafTo(slot.pte, paddr))) {
        return invalidCap(0);
    }

    cap = cap_frame_cap_set_capFMappedASID(cap, vspace.asid);
    cap = cap_frame_cap_set_capFMappedAddress(cap, vaddr);

    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    cte->cap = cap;
    setPTE(slot.pte, pteUser(paddr, rights, !vm_attributes_get_riscvExecuteNever(attributes)),
           vaddr, vspace.asid);
    return EXCEPTION_NONE;
}

static exception_t
decodePageUnmap(cte_t *cte, cap_t cap)
{
    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    if (cap_frame_cap_get_capFMappedASID(cap) != asidInvalid) {
        unmapPage(cap_frame_cap_get_capFSize(cap),
                  cap_frame_cap_get_capFMappedASID(cap),
                  cap_frame_cap_get_capFMappedAddress(cap),
                  cap_frame_cap_get_capFBasePtr(cap));
    }
    cap_frame_cap_ptr_set_capFMappedASID(&cte->cap, asidInvalid);
    cap_frame_cap_ptr_set_capFMappedAddress(&cte->cap, 0);
    return EXCEPTION_NONE;
}

static exception_t
decodePageGetAddress(cap_t cap)
{
    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    setRegister(NODE_STATE(ksCurThread), msgRegisters[0],
                pptr_to_paddr((void *)cap_frame_cap_get_capFBasePtr(cap)));
    setRegister(NODE_STATE(ksCurThread), msgInfoRegister,
                wordFromMessageInfo(seL4_MessageInfo_new(0, 0, 0, 1)));
    return EXCEPTION_NONE;
}

static exception_t
decodeASIDControlMakePool(word_t length, extra_caps_t excaps, word_t *buffer)
{
    word_t i;
    cte_t *parentSlot;
    cap_t untyped;
    asid_pool_t *pool;
    lookupSlot_ret_t dest;
    exception_t status;

    if (unlikely(length < 2 || excaps.excaprefs[0] == NULL || excaps.excaprefs[1] == NULL)) {
        return syscallError(seL4_TruncatedMessage);
    }

    for (i = 0; i < nASIDPools && riscvKSASIDTable[i]; i++);
    if (unlikely(i == nASIDPools)) {
        return syscallError(seL4_DeleteFirst);
    }

    parentSlot = excaps.excaprefs[0];
    untyped = parentSlot->cap;
    if (unlikely(cap_get_capType(untyped) != cap_untyped_cap ||
                 cap_untyped_cap_get_capBlockSize(untyped) != seL4_ASIDPoolBits ||
                 cap_untyped_cap_get_capIsDevice(untyped))) {
        return invalidCap(1);
    }
    status = ensureNoChildren(parentSlot);
    if (unlikely(status != EXCEPTION_NONE)) {
        return status;
    }
    dest = lookupTargetSlot(excaps.excaprefs[1]->cap, getSyscallArg(0, buffer), getSyscallArg(1, buffer));
    if (unlikely(dest.status != EXCEPTION_NONE)) {
        return dest.status;
    }
    status = ensureEmptySlot(dest.slot);
    if (unlikely(status != EXCEPTION_NONE)) {
        return status;
    }

    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    pool = ASID_POOL_PTR(cap_untyped_cap_get_capPtr(untyped));
    cap_untyped_cap_ptr_set_capFreeIndex(&parentSlot->cap, MAX_FREE_INDEX(seL4_ASIDPoolBits));
    memzero(pool, BIT(seL4_ASIDPoolBits));
    cteInsert(cap_asid_pool_cap_new(i << asidLowBits, (word_t)pool), parentSlot, dest.slot);
    riscvKSASIDTable[i] = pool;
    return EXCEPTION_NONE;
}

static exception_t
decodeASIDPoolAssign(cap_t cap, extra_caps_t excaps)
{
    asid_t asid = cap_asid_pool_cap_get_capASIDBase(cap);
    asid_pool_t *pool = riscvKSASIDTable[asid >> asidLowBits];
    cte_t *slot = excaps.excaprefs[0];
    pte_t *root;
    word_t i;

    if (unlikely(slot == NULL)) {
        return syscallError(seL4_TruncatedMessage);
    }
    if (unlikely(cap_get_capType(slot->cap) != cap_page_table_cap ||
                 cap_page_table_cap_get_capPTIsMapped(slot->cap))) {
        return invalidCap(1);
    }
    if (unlikely(pool == NULL)) {
        return failedLookup(lookup_fault_invalid_root_new());
    }
    if (unlikely(pool != ASID_POOL_PTR(cap_asid_pool_cap_get_capASIDPool(cap)))) {
        return invalidCap(0);
    }
    for (i = 0; i < BIT(asidLowBits) && (asid + i == asidInvalid || pool->array[i]); i++);
    if (unlikely(i == BIT(asidLowBits))) {
        return syscallError(seL4_DeleteFirst);
    }

    setThreadState(NODE_STATE(ksCurThread), ThreadState_Restart);
    root = PT_PTR(cap_page_table_cap_get_capPTBasePtr(slot->cap));
    copyKernelWindow(root);
    cap_page_table_cap_ptr_set_capPTMappedASID(&slot->cap, asid + i);
    cap_page_table_cap_ptr_set_capPTIsMapped(&slot->cap, true);
    cap_page_table_cap_ptr_set_capPTIsRoot(&slot->cap, true);
    pool->array[i] = root;
    invalidateTLB_ASID(asid + i);
    return EXCEPTION_NONE;
}

exception_t
decodeRISCVMMUInvocation(word_t invLabel, word_t length, cte_t *cte, cap_t cap,
                         extra_caps_t excaps, word_t *buffer)
{
    switch (cap_get_capType(cap)) {
    case cap_page_table_cap:
        switch (invLabel) {
        case RISCVPageTableMap:
            return decodePageTableMap(length, cte, cap, excaps, buffer);
        case RISCVPageTableUnmap:
            return decodePageTableUnmap(cte, cap);
        }
        break;

    case cap_frame_cap:
        switch (invLabel) {
        case RISCVPageMap:
        case RISCVPageRemap:
            return decodePageMap(invLabel, length, cte, cap, excaps, buffer);
        case RISCVPageUnmap:
            return decodePageUnmap(cte, cap);
        case RISCVPageGetAddress:
            return decodePageGetAddress(cap);
        }
        break;

    case cap_asid_control_cap:
        if (invLabel == RISCVASIDControlMakePool) {
            return decodeASIDControlMakePool(length, excaps, buffer);
        }
        break;

    case cap_asid_pool_cap:
        if (invLabel == RISCVASIDPoolAssign) {
            return decodeASIDPoolAssign(cap, excaps);
        }
        break;

    default:
        fail("Invalid arch cap type");
    }
    return syscallError(seL4_IllegalOperation);
}
