// When the console received each of the 16 most recent byte values, how many bytes each port received, and a sample of
// every tenth. Programs put into the array `rest` go on with the event.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <hypos.h>

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} rest SEC(".maps");

struct sample {
	__u64 now_ns;
	__u64 byte;
};

SEC("serial")
int recent_bytes(struct hypos_serial *ctx)
{
	struct sample sample = { .now_ns = ctx->now_ns, .byte = ctx->data[0] };
	__u32 byte = ctx->data[0], port = ctx->port;
	__u64 *count = bpf_map_lookup_elem(&ports, &port);

	bpf_map_update_elem(&recent, &byte, &sample.now_ns, BPF_ANY);
	if (count) {
		if (*count % 10 == 0)
			bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &sample, sizeof(sample));
		*count += ctx->len;
	}
	bpf_tail_call(ctx, &rest, port);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
