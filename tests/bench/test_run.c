/* What this machine's Linux takes for a program of two instructions (`return 7`): prints "repeated NS" and "called NS", the
 * time of a run of which BPF_PROG_TEST_RUN does a million at once, and of one for each bpf(2); or "refused: WHY". */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 1000000, CALLS = 200000, ROUNDS = 5 };

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 7 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char packet[64] = { 0 };
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insn_cnt = 2,
		.insns = (__u64)code,
		.license = (__u64) "GPL",
	};
	double repeated = 1e18, called = 1e18;
	long program = bpf(BPF_PROG_LOAD, &load);

	if (program < 0)
		return printf("refused: %s\n", strerror(errno)), 0;
	for (int round = 0; round < ROUNDS; round++) {
		union bpf_attr run = { .test = {
			.prog_fd = program,
			.data_in = (__u64)packet,
			.data_size_in = sizeof packet,
			.repeat = RUNS,
		} };
		double begin;

		if (bpf(BPF_PROG_TEST_RUN, &run) < 0 || run.test.retval != 7)
			return printf("refused: %s\n", strerror(errno)), 0;
		if (run.test.duration < repeated)
			repeated = run.test.duration;
		run.test.repeat = 1;
		begin = now_ns();
		for (int i = 0; i < CALLS; i++)
			bpf(BPF_PROG_TEST_RUN, &run);
		if ((now_ns() - begin) / CALLS < called)
			called = (now_ns() - begin) / CALLS;
	}
	printf("repeated %.0f\ncalled %.0f\n", repeated, called);
	return 0;
}
