/*
 * What the attacks need of each architecture: a system call, a trivial function as data, how deep a call goes, and the
 * instructions that no program may execute. Each INSTRUCTIONS line is X(name, assembly).
 */
typedef unsigned long word;

/* The numbers of system calls (libsel4 of 5.0.0), as the kernel takes them. */
enum { CALL = -1, REPLY_RECV = -2, SEND = -3, NB_SEND = -4, RECV = -5, REPLY = -6, YIELD = -7, NB_RECV = -8 };

/* The message info of a system call: label and number of words. */
#define INFO(label, length) ((word)(label) << 12 | (word)(length))

#if defined(__x86_64__)
#include "x86_64.h"
#elif defined(__aarch64__)
#include "aarch64.h"
#elif defined(__riscv)
#include "riscv64.h"
#else
#error "the attacks have no lines for this architecture yet: system_call, RETURN_CODE, INSTRUCTIONS"
#endif

#ifdef ENTER
/* NUMBER number, ARGUMENT 0 capability, 1 info, 2 to 5 words; all others are kept. Gives the info that comes back. */
static inline word system_call(word number, word capability, word info, word *words)
{
	register word which __asm__(NUMBER) = number;
	register word r0 __asm__(ARGUMENT(0)) = capability;
	register word r1 __asm__(ARGUMENT(1)) = info;
	register word r2 __asm__(ARGUMENT(2)) = words[0];
	register word r3 __asm__(ARGUMENT(3)) = words[1];
	register word r4 __asm__(ARGUMENT(4)) = words[2];
	register word r5 __asm__(ARGUMENT(5)) = words[3];

	__asm__ volatile(ENTER : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5) : "r"(which) : "memory");
	words[0] = r2;
	words[1] = r3;
	words[2] = r4;
	words[3] = r5;
	return r1;
}
#endif
