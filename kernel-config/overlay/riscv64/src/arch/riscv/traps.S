/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 *
 * SPDX-License-Identifier: GPL-2.0-only
 *
 * Traps: into the kernel, and back to a thread.
 */

#include <config.h>
#include <machine/assembler.h>
#include <arch/machine/hardware.h>
#include <arch/machine/registerset.h>

/* x1 and x3 to x31: all but sp */
.macro for_each_register op
.irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op     x\n, (\n - 1) * 8(sp)
.endr
.endm

.section .text

/*
 * sscratch points to the current thread's registers while that thread runs (the
 * idle thread too, which is an ordinary one but in S-mode), and is 0 while the
 * kernel does.
 */
.balign 4
BEGIN_FUNC(trap_entry)
    csrrw   sp, sscratch, sp
    beqz    sp, kernel_fault

    for_each_register sd
    csrrw   t0, sscratch, zero
    csrr    t1, sepc
    sd      t0, PT_SP(sp)
    sd      t1, PT_FaultIP(sp)
    csrr    t0, scause
    bltz    t0, interrupt

    li      t2, CAUSE_USER_ECALL
    bne     t0, t2, exception
    addi    t1, t1, 4
    sd      t1, PT_NextIP(sp)
    lla     sp, kernel_stack_alloc + (1 << CONFIG_KERNEL_STACK_BITS)
    mv      a2, a7
    j       c_handle_syscall

exception:
    sd      t1, PT_NextIP(sp)
    lla     sp, kernel_stack_alloc + (1 << CONFIG_KERNEL_STACK_BITS)
    mv      a0, t0
    j       c_handle_exception

interrupt:
    sd      t1, PT_NextIP(sp)
    lla     sp, kernel_stack_alloc + (1 << CONFIG_KERNEL_STACK_BITS)
    j       c_handle_interrupt

kernel_fault:
    lla     sp, kernel_stack_alloc + (1 << CONFIG_KERNEL_STACK_BITS)
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    j       c_handle_kernel_fault
END_FUNC(trap_entry)

/* a0: the registers of the thread to go on with */
BEGIN_FUNC(restore_registers)
    mv      sp, a0
    li      t0, SSTATUS_CONTEXT
    csrc    sstatus, t0
    ld      t0, PT_SSTATUS(sp)
    csrs    sstatus, t0
    ld      t0, PT_NextIP(sp)
    csrw    sepc, t0
    csrw    sscratch, sp
    for_each_register ld
    /*
     * Ends the load reservation of whoever ran before: a thread's sc must not
     * succeed by another one's lr. A store-conditional to some other word is what
     * the unprivileged spec has for that (8.2). Should it succeed, it writes what
     * is there already.
     */
    sc.d    x0, x1, (sp)
    ld      sp, PT_SP(sp)
    sret
END_FUNC(restore_registers)

BEGIN_FUNC(idle_thread)
    wfi
    j       idle_thread
END_FUNC(idle_thread)
