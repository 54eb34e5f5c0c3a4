/*
 * Copyright 2026, the hypOS authors
 *
 * This software may be distributed and modified according to the terms of
 * the GNU General Public License version 2. Note that NO WARRANTY is provided.
 * See "LICENSE_GPLv2.txt" for details.
 *
 * SPDX-License-Identifier: GPL-2.0-only
 *
 * The kernel's first instructions.
 */

#include <config.h>
#include <machine/assembler.h>

/*
 * Entered in S-mode with interrupts off and Sv39 on, the kernel window mapped:
 * a0 to a4 are the arguments of init_kernel.
 */
.section .boot.text
BEGIN_FUNC(_start)
    lla     sp, kernel_stack_alloc + (1 << CONFIG_KERNEL_STACK_BITS)
    csrw    sie, zero
    csrw    sscratch, zero          /* a trap from here on is a kernel fault */
    lla     t0, trap_entry
    csrw    stvec, t0
    call    init_kernel
    j       restore_user_context
END_FUNC(_start)
