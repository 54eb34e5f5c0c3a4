/* What the attacks need of x86_64: see arch.h. */

/* rdx number, rdi capability, rsi info, r10 r8 r9 r15 words; rcx, r11 and rsp are lost. Gives the info that comes back. */
static inline word system_call(word number, word capability, word info, word *words)
{
	register word r10 __asm__("r10") = words[0];
	register word r8 __asm__("r8") = words[1];
	register word r9 __asm__("r9") = words[2];
	register word r15 __asm__("r15") = words[3];

	__asm__ volatile("movq %%rsp, %%r14\n\tsyscall\n\tmovq %%r14, %%rsp"
			 : "+S"(info), "+D"(capability), "+r"(r10), "+r"(r8), "+r"(r9), "+r"(r15)
			 : "d"(number)
			 : "rcx", "r11", "r14", "memory");
	words[0] = r10;
	words[1] = r8;
	words[2] = r9;
	words[3] = r15;
	return info;
}

/* The instructions below are all that the compiler knows. */
#define EXTENSIONS ""

/* ret */
#define RETURN_CODE 0xc3

/* Data becomes code: nothing to be done. */
static inline void sync_code(volatile unsigned int *code)
{
	(void)code;
}

/* A function like any other would be turned into a loop. */
#define PUSH_FOREVER "1: pushq %rax\n\tjmp 1b"

/* Flags that the kernel must not run with: NT, DF, AC, and all of them (Intel SDM volume 1, 3.4.3). */
#define FLAGS 4
static inline void set_flags(word which)
{
	word flags = which == 0 ? 1 << 14 : which == 1 ? 1 << 10 : which == 2 ? 1 << 18 : 1 << 14 | 1 << 10 | 1 << 18;

	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" : : "r"(flags) : "memory", "cc");
}

static inline void clear_flags(void)
{
	__asm__ volatile("pushfq\n\tandq $~0x44400, (%%rsp)\n\tpopfq" : : : "memory", "cc");
}

#define INSTRUCTIONS(X)                                                                                               \
	X("hlt", "hlt")                                                                                               \
	X("cli", "cli")                                                                                               \
	X("sti", "sti")                                                                                               \
	X("in al, 0x60", "inb $0x60, %%al")                                                                           \
	X("in al, dx (COM1)", "movw $0x3f8, %%dx\n\tinb %%dx, %%al")                                                  \
	X("in al, dx (COM2)", "movw $0x2f8, %%dx\n\tinb %%dx, %%al")                                                  \
	X("out 0x80, al", "outb %%al, $0x80")                                                                         \
	X("out dx, eax (PCI)", "movw $0xcf8, %%dx\n\toutl %%eax, %%dx")                                               \
	X("ins", "movw $0x60, %%dx\n\tinsb")                                                                          \
	X("outs", "movw $0x60, %%dx\n\toutsb")                                                                        \
	X("lgdt", "lgdt (%%rsp)")                                                                                     \
	X("lidt", "lidt (%%rsp)")                                                                                     \
	X("lldt", "xorl %%eax, %%eax\n\tlldt %%ax")                                                                   \
	X("ltr", "xorl %%eax, %%eax\n\tltr %%ax")                                                                     \
	X("lmsw", "xorl %%eax, %%eax\n\tlmsw %%ax")                                                                   \
	X("clts", "clts")                                                                                             \
	X("mov from cr0", "movq %%cr0, %%rax")                                                                        \
	X("mov from cr3", "movq %%cr3, %%rax")                                                                        \
	X("mov to cr3", "xorl %%eax, %%eax\n\tmovq %%rax, %%cr3")                                                     \
	X("mov to cr4", "xorl %%eax, %%eax\n\tmovq %%rax, %%cr4")                                                     \
	X("mov from dr7", "movq %%dr7, %%rax")                                                                        \
	X("mov to dr7", "xorl %%eax, %%eax\n\tmovq %%rax, %%dr7")                                                     \
	X("rdmsr", "movl $0xc0000082, %%ecx\n\trdmsr")                                                                \
	X("wrmsr", "movl $0xc0000082, %%ecx\n\twrmsr")                                                                \
	X("rdpmc", "xorl %%ecx, %%ecx\n\trdpmc")                                                                      \
	X("invd", "invd")                                                                                             \
	X("wbinvd", "wbinvd")                                                                                         \
	X("invlpg", "invlpg (%%rsp)")                                                                                 \
	X("swapgs", "swapgs")                                                                                         \
	X("sysret", "sysretq")                                                                                        \
	X("sysenter", "sysenter")                                                                                     \
	X("sysexit", "sysexitq")                                                                                      \
	X("iret to ring 0", "pushq $0x10\n\tpushq %%rsp\n\tpushfq\n\tpushq $0x8\n\tpushq $0\n\tiretq")                \
	X("far return to ring 0", "pushq $0x8\n\tpushq $0\n\tlretq")                                                  \
	X("mov to ss", "movl $0x10, %%eax\n\tmovl %%eax, %%ss")                                                       \
	X("vmcall", "vmcall")                                                                                         \
	X("monitor", "monitor")                                                                                       \
	X("ud2", "ud2")                                                                                               \
	X("int 0", "int $0")                                                                                          \
	X("int 1", "int $1")                                                                                          \
	X("int 2", "int $2")                                                                                          \
	X("int 3", "int3")                                                                                            \
	X("int 8", "int $8")                                                                                          \
	X("int 14", "int $14")                                                                                        \
	X("int 0x20", "int $0x20")                                                                                    \
	X("int 0x22", "int $0x22")                                                                                    \
	X("int 0x7d", "int $0x7d")                                                                                    \
	X("int 0x80", "int $0x80")                                                                                    \
	X("int 0x90", "int $0x90")                                                                                    \
	X("int 0xff", "int $0xff")                                                                                    \
	X("division by zero", "xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tdivl %%ecx")                                 \
	X("single step", "pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop")                                      \
	X("I/O privilege by popf", "pushfq\n\torq $0x3000, (%%rsp)\n\tpopfq\n\tinb $0x60, %%al")                      \
	X("interrupts off by popf", "pushfq\n\tandq $~0x200, (%%rsp)\n\tpopfq")                                       \
	X("gs base", "movl $0x1000, %%eax\n\twrgsbase %%rax")                                                         \
	X("fs base", "movl $0x1000, %%eax\n\twrfsbase %%rax")                                                         \
	X("sgdt", "subq $16, %%rsp\n\tsgdt (%%rsp)\n\taddq $16, %%rsp")                                               \
	X("sidt", "subq $16, %%rsp\n\tsidt (%%rsp)\n\taddq $16, %%rsp")                                               \
	X("smsw", "smsw %%ax")                                                                                        \
	X("x87", "fninit\n\tfld1")                                                                                    \
	X("SSE", "pxor %%xmm0, %%xmm0")

#define CLOBBERS "rax", "rcx", "rdx", "memory", "cc"
