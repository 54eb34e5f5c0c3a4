/* hypOS: what its hooks give to a program. Include <linux/bpf.h> and <bpf/bpf_helpers.h> first.
 *
 * A program is a global function in a section that names its hook: SEC("timer"), SEC("serial"), or with a
 * comment behind a slash, SEC("timer/blink"). It takes a pointer to the hook's context, which it may read
 * and not write. Maps are BTF maps in SEC(".maps") as for libbpf, helpers have Linux's numbers. */
#ifndef HYPOS_H
#define HYPOS_H

/* SEC("timer"): a periodic tick; `prog attach PROG timer --period 10ms`. The result is ignored. */
struct hypos_timer {
	__u64 now_ns;       /* time since boot when the program was called */
	__u64 scheduled_ns; /* when this tick was due */
	__u64 period_ns;
	__u64 count;        /* ticks of this attachment before this one */
};

/* SEC("serial"): bytes were received on a UART. The result is ignored. */
struct hypos_serial {
	__u64 now_ns;  /* time since boot when they were taken from the UART */
	__u32 port;    /* 0: the console, 1: the control link */
	__u32 len;     /* bytes used of `data`, 1 to 16 */
	__u8 data[16];
};

#endif
