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
