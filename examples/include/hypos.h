/* hypOS: what its hooks give to a program. Include <linux/bpf.h> and <bpf/bpf_helpers.h> first.
 *
 * A program is a global function in a section that names its hook: SEC("timer"), SEC("serial"), or with a
 * comment behind a slash, SEC("timer/blink"). It takes a pointer to the hook's context, which it may read
 * and not write. Programs on one hook run in the order in which they were attached: a result of 0 (HYPOS_PASS) passes the
 * event on to the next, any other (HYPOS_TAKEN) takes it, and those behind don't see it. Maps are BTF maps in SEC(".maps") as for libbpf, helpers have Linux's numbers. */
#ifndef HYPOS_H
#define HYPOS_H

enum { HYPOS_PASS = 0, HYPOS_TAKEN = 1 };

/* SEC("timer"): a periodic tick; `prog attach PROG timer --period 10ms`. Each program has ticks of its
 * own: the result is ignored. */
struct hypos_timer {
	__u64 now_ns;       /* time since boot when the program was called */
	__u64 scheduled_ns; /* when this tick was due */
	__u64 period_ns;
	__u64 count;        /* ticks of this attachment before this one */
};

/* SEC("serial"): bytes were received on a UART. */
struct hypos_serial {
	__u64 now_ns;  /* time since boot when they were taken from the UART */
	__u32 port;    /* 0: the console, 1: the control link */
	__u32 len;     /* bytes used of `data`, 1 to 16 */
	__u8 data[16];
};

/* SEC("metrics"): once a second, the rates of all counters of the system's services. */
enum { HYPOS_RATES_MAX = 125 };

struct hypos_rates { /* a page: one service's, those of `hypctl services` */
	__u32 len; /* entries used of `counter` */
	__u32 reserved0;
	__u64 now_ns;    /* time since boot when they were taken */
	__u64 passed_ns; /* over so long */
	__u64 reserved1[5];
	struct {
		char name[24]; /* padded with zeros */
		__u64 rate;    /* counts a second */
	} counter[HYPOS_RATES_MAX];
	__u64 reserved2[4];
};

struct hypos_metrics { /* not in the stack or registers but in pages that programs can only read */
	struct hypos_rates source[5]; /* timer, tick, serial, agent, metrics */
};

#endif
