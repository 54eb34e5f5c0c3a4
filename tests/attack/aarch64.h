/* What the attacks need of aarch64: see arch.h. */

/* The instructions below may be of extensions that the processor does not have, or the compiler does not take. */
#define EXTENSIONS ".arch_extension sve\n\t.arch_extension pauth\n\t.arch_extension fp\n\t"

/* A system call, and the registers that it takes: see arch.h. */
#define ENTER "svc #0"
#define NUMBER "x7"
#define ARGUMENT(index) "x" #index

/* ret */
#define RETURN_CODE 0xd65f03c0

/*
 * Data becomes code. Programs may not maintain caches on this kernel (SCTLR_EL1.UCI is 0), so a processor could fetch what
 * was there before: QEMU's does not.
 */
static inline void sync_code(volatile unsigned int *code)
{
	(void)code;
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* A function like any other would be turned into a loop. */
#define PUSH_FOREVER "1: str x0, [sp, #-16]!\n\tb 1b"

#define INSTRUCTIONS(X)                                                                                               \
	X("mrs currentel", "mrs x0, currentel")                                                                       \
	X("mrs midr_el1", "mrs x0, midr_el1")                                                                         \
	X("mrs sctlr_el1", "mrs x0, sctlr_el1")                                                                       \
	X("msr sctlr_el1", "msr sctlr_el1, xzr")                                                                      \
	X("mrs ttbr0_el1", "mrs x0, ttbr0_el1")                                                                       \
	X("msr ttbr0_el1", "msr ttbr0_el1, xzr")                                                                      \
	X("msr ttbr1_el1", "msr ttbr1_el1, xzr")                                                                      \
	X("msr tcr_el1", "msr tcr_el1, xzr")                                                                          \
	X("msr mair_el1", "msr mair_el1, xzr")                                                                        \
	X("mrs vbar_el1", "mrs x0, vbar_el1")                                                                         \
	X("msr vbar_el1", "msr vbar_el1, xzr")                                                                        \
	X("msr elr_el1", "msr elr_el1, xzr")                                                                          \
	X("msr spsr_el1", "msr spsr_el1, xzr")                                                                        \
	X("msr sp_el0", "msr sp_el0, xzr")                                                                            \
	X("msr spsel", "msr spsel, #1")                                                                               \
	X("mrs daif", "mrs x0, daif")                                                                                 \
	X("msr daifset", "msr daifset, #15")                                                                          \
	X("msr daif", "msr daif, xzr")                                                                                \
	X("mrs esr_el1", "mrs x0, esr_el1")                                                                           \
	X("mrs far_el1", "mrs x0, far_el1")                                                                           \
	X("msr tpidr_el1", "msr tpidr_el1, xzr")                                                                      \
	X("msr cpacr_el1", "msr cpacr_el1, xzr")                                                                      \
	X("msr cntkctl_el1", "mov x0, #0x3ff\n\tmsr cntkctl_el1, x0")                                                 \
	X("msr contextidr_el1", "msr contextidr_el1, xzr")                                                            \
	X("msr hcr_el2", "msr hcr_el2, xzr")                                                                          \
	X("msr scr_el3", "msr scr_el3, xzr")                                                                          \
	X("msr mdscr_el1", "msr mdscr_el1, xzr")                                                                      \
	X("mrs dbgbcr0_el1", "mrs x0, dbgbcr0_el1")                                                                   \
	X("msr oslar_el1", "msr oslar_el1, xzr")                                                                      \
	X("msr pmcr_el0", "msr pmcr_el0, xzr")                                                                        \
	X("mrs pmccntr_el0", "mrs x0, pmccntr_el0")                                                                   \
	X("msr pmuserenr_el0", "mov x0, #15\n\tmsr pmuserenr_el0, x0")                                                \
	X("physical timer: mrs cntp_ctl_el0", "mrs x0, cntp_ctl_el0")                                                 \
	X("physical timer: msr cntp_ctl_el0", "msr cntp_ctl_el0, xzr")                                                \
	X("physical timer: msr cntp_cval_el0", "mov x0, #-1\n\tmsr cntp_cval_el0, x0")                                \
	X("physical timer: msr cntp_tval_el0", "msr cntp_tval_el0, xzr")                                              \
	X("virtual timer: msr cntv_ctl_el0", "msr cntv_ctl_el0, xzr")                                                 \
	X("virtual timer: msr cntv_cval_el0", "msr cntv_cval_el0, xzr")                                               \
	X("msr cntfrq_el0", "msr cntfrq_el0, xzr")                                                                    \
	X("msr cntps_ctl_el1", "msr cntps_ctl_el1, xzr")                                                              \
	X("tlbi vmalle1", "tlbi vmalle1")                                                                             \
	X("tlbi alle1", "tlbi alle1")                                                                                 \
	X("tlbi vae1", "tlbi vae1, xzr")                                                                              \
	X("at s1e1r", "at s1e1r, xzr")                                                                                \
	X("at s1e0w", "at s1e0w, xzr")                                                                                \
	X("ic iallu", "ic iallu")                                                                                     \
	X("dc isw", "dc isw, xzr")                                                                                    \
	X("dc cisw", "dc cisw, xzr")                                                                                  \
	X("dc ivac", "mov x0, sp\n\tdc ivac, x0")                                                                     \
	X("dc civac of its stack", "mov x0, sp\n\tdc civac, x0")                                                      \
	X("ic ivau of its stack", "mov x0, sp\n\tic ivau, x0")                                                        \
	X("eret", "eret")                                                                                             \
	X("drps", "drps")                                                                                             \
	X("hvc", "hvc #0")                                                                                            \
	X("smc", "mov w0, #8\n\tmovk w0, #0x8400, lsl #16\n\tsmc #0")                                                 \
	X("brk", "brk #1")                                                                                            \
	X("hlt", "hlt #0xf000")                                                                                       \
	X("dcps1", "dcps1")                                                                                           \
	X("udf", "udf #0")                                                                                            \
	X("no instruction", "1: .inst 0xffffffff")                                                                    \
	X("pointer authentication of ARMv8.3", "pacia x0, x1")                                                        \
	X("SVE", "ptrue p0.b")                                                                                        \
	X("jump to an odd address", "adr x16, 1f + 2\n\tbr x16\n1:\tnop")                                             \
	X("stack pointer askew", "mov x16, sp\n\tsub x0, x16, #20\n\tmov sp, x0\n\tldr x0, [sp]\n\tmov sp, x16")      \
	X("ldxr askew", "mov x0, sp\n\tsub x0, x0, #20\n\tldxr x1, [x0]")                                             \
	X("ldr askew", "mov x0, sp\n\tsub x0, x0, #19\n\tldr x1, [x0]")                                               \
	X("ldxr without its stxr", "sub x0, sp, #16\n\tldxr x1, [x0]")                                                \
	X("wfi", "wfi")                                                                                               \
	X("wfe", "wfe")                                                                                               \
	X("sev", "sev")                                                                                               \
	X("isb, dsb", "dsb sy\n\tisb")                                                                                \
	X("prefetch of the kernel", "mov x0, #0xffffff8000000000\n\tprfm pldl1keep, [x0]")                            \
	X("mrs ctr_el0", "mrs x0, ctr_el0")                                                                           \
	X("mrs dczid_el0", "mrs x0, dczid_el0")                                                                       \
	X("mrs cntpct_el0, cntvct_el0, cntfrq_el0", "mrs x0, cntpct_el0\n\tmrs x0, cntvct_el0\n\tmrs x0, cntfrq_el0") \
	X("msr tpidr_el0", "mov x0, #-8\n\tmsr tpidr_el0, x0")                                                        \
	X("mrs tpidrro_el0", "mrs x0, tpidrro_el0")                                                                   \
	X("msr tpidrro_el0", "msr tpidrro_el0, xzr")                                                                  \
	X("floating point", "fmov d0, xzr\n\tmrs x0, fpcr")                                                           \
	X("dc zva of the kernel", "mov x0, #0xffffff8000000000\n\tdc zva, x0")

#define CLOBBERS "x0", "x1", "x16", "memory", "cc"
