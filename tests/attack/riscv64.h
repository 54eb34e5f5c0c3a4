/* What the attacks need of riscv64: see arch.h. */

/* The instructions below are all that the compiler knows, or stand here as numbers. */
#define EXTENSIONS ""

/* A system call, and the registers that it takes: see arch.h. */
#define ENTER "ecall"
#define NUMBER "a7"
#define ARGUMENT(index) "a" #index

/* ret */
#define RETURN_CODE 0x00008067

/* Data becomes code. */
static inline void sync_code(volatile unsigned int *code)
{
	(void)code;
	__asm__ volatile("fence.i" : : : "memory");
}

/* A function like any other would be turned into a loop. */
#define PUSH_FOREVER "1: addi sp, sp, -16\n\tsd zero, 8(sp)\n\tj 1b"

#define INSTRUCTIONS(X)                                                                                               \
	X("csrr sstatus", "csrr a0, sstatus")                                                                         \
	X("csrr sie", "csrr a0, sie")                                                                                 \
	X("csrr stvec", "csrr a0, stvec")                                                                             \
	X("csrr sscratch", "csrr a0, sscratch")                                                                       \
	X("csrr sepc", "csrr a0, sepc")                                                                               \
	X("csrr scause", "csrr a0, scause")                                                                           \
	X("csrr satp", "csrr a0, satp")                                                                               \
	X("csrr mstatus", "csrr a0, mstatus")                                                                         \
	X("csrr misa", "csrr a0, misa")                                                                               \
	X("csrr mtvec", "csrr a0, mtvec")                                                                             \
	X("csrr mhartid", "csrr a0, mhartid")                                                                         \
	X("csrr pmpcfg0", "csrr a0, pmpcfg0")                                                                         \
	X("csrr hstatus", "csrr a0, hstatus")                                                                         \
	X("csrr dcsr", "csrr a0, dcsr")                                                                               \
	X("csrw sstatus", "li a0, 0x100\n\tcsrw sstatus, a0")                                                         \
	X("csrw sie", "li a0, 0\n\tcsrw sie, a0")                                                                     \
	X("csrw sip", "li a0, 2\n\tcsrw sip, a0")                                                                     \
	X("csrw stvec", "li a0, 0\n\tcsrw stvec, a0")                                                                 \
	X("csrw scounteren", "li a0, 7\n\tcsrw scounteren, a0")                                                       \
	X("csrw sepc", "li a0, 0\n\tcsrw sepc, a0")                                                                   \
	X("csrw satp", "li a0, 0\n\tcsrw satp, a0")                                                                   \
	X("csrw mstatus", "li a0, 8\n\tcsrw mstatus, a0")                                                             \
	X("csrw medeleg", "li a0, 0\n\tcsrw medeleg, a0")                                                             \
	X("csrw mcounteren", "li a0, 7\n\tcsrw mcounteren, a0")                                                       \
	X("csrw pmpaddr0", "li a0, 0\n\tcsrw pmpaddr0, a0")                                                           \
	X("csrw senvcfg", "li a0, 0\n\tcsrw senvcfg, a0")                                                             \
	X("csrw mie", "li a0, 0\n\tcsrw mie, a0")                                                                     \
	X("csrw cycle, which is read-only", "csrw cycle, zero")                                                       \
	X("rdcycle", "rdcycle a0")                                                                                    \
	X("rdinstret", "rdinstret a0")                                                                                \
	X("csrr hpmcounter3", "csrr a0, hpmcounter3")                                                                 \
	X("sret", "sret")                                                                                             \
	X("mret", "mret")                                                                                             \
	X("sfence.vma", "sfence.vma")                                                                                 \
	X("hfence.gvma", ".4byte 0x62000073")                                                                         \
	X("hlv.d from the kernel", ".4byte 0x6c054573")                                                               \
	X("cbo.inval of its stack", ".4byte 0x0001200f")                                                              \
	X("wfi", "wfi")                                                                                               \
	X("ebreak", "ebreak")                                                                                         \
	X("c.ebreak", ".2byte 0x9002")                                                                                \
	X("all zeroes", ".4byte 0")                                                                                   \
	X("all ones", ".4byte 0xffffffff")                                                                            \
	X("a reserved compressed instruction", ".2byte 0x8002")                                                       \
	X("floating point: csrw fcsr", ".4byte 0x00301073")                                                           \
	X("floating point: fmv.d.x", ".4byte 0xf2000053")                                                             \
	X("floating point: fld", ".4byte 0x00013007")                                                                 \
	X("vectors: vsetvli", ".4byte 0x0c0071d7")                                                                    \
	X("ecall as to SBI: shutdown (legacy)", "li a7, 0x8\n\tli a6, 0\n\tli a0, 0\n\tecall")                        \
	X("ecall as to SBI: putchar (legacy)", "li a7, 0x1\n\tli a6, 0\n\tli a0, 0\n\tecall")                         \
	X("ecall as to SBI: set timer (legacy)", "li a7, 0x0\n\tli a6, 0\n\tli a0, 0\n\tecall")                       \
	X("ecall as to SBI: reset", "li a7, 0x53525354\n\tli a6, 0\n\tli a0, 0\n\tecall")                             \
	X("ecall as to SBI: set timer", "li a7, 0x54494d45\n\tli a6, 0\n\tli a0, 0\n\tecall")                         \
	X("ecall as to SBI: start hart", "li a7, 0x48534d\n\tli a6, 0\n\tli a0, 0\n\tecall")                          \
	X("ecall as to SBI: send IPI", "li a7, 0x735049\n\tli a6, 0\n\tli a0, 0\n\tecall")                            \
	X("ecall as to SBI: remote fence", "li a7, 0x52464e43\n\tli a6, 0\n\tli a0, 0\n\tecall")                      \
	X("ecall as to SBI: base", "li a7, 0x10\n\tli a6, 0\n\tli a0, 0\n\tecall")                                    \
	X("lr.d askew", "addi a0, sp, -20\n\tlr.d a1, (a0)")                                                          \
	X("amoadd.d askew", "addi a0, sp, -20\n\tamoadd.d a1, zero, (a0)")                                            \
	X("ld askew", "addi a0, sp, -19\n\tld a1, 0(a0)")                                                             \
	X("jump to an odd address", "lla a0, 1f\n\tori a0, a0, 1\n\tjr a0\n\t.p2align 1\n1:\tnop")                     \
	X("lr without its sc", "addi a0, sp, -16\n\tlr.d a1, (a0)")                                                   \
	X("rdtime", "rdtime a0")                                                                                      \
	X("fence, fence.i", "fence\n\tfence.i")                                                                       \
	X("pause", ".4byte 0x0100000f")

#define CLOBBERS "a0", "a1", "a6", "a7", "memory"
