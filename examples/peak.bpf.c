// The most hook events a second that each service has seen, by the order of its page; a line for each new record.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <hypos.h>

enum { SOURCES = sizeof(struct hypos_metrics) / sizeof(struct hypos_rates) };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOURCES);
	__type(key, __u32);
	__type(value, __u64);
} peaks SEC(".maps");

SEC("metrics")
int peak(struct hypos_metrics *ctx)
{
	for (__u32 s = 0; s < SOURCES; s++) {
		const struct hypos_rates *rates = &ctx->source[s];
		__u64 *most = bpf_map_lookup_elem(&peaks, &s);

		if (!most)
			continue;
		for (__u32 i = 0; i < HYPOS_RATES_MAX && i < rates->len; i++) {
			if (__builtin_memcmp(rates->counter[i].name, "hook_events", 12) != 0)
				continue;
			if (rates->counter[i].rate > *most) {
				*most = rates->counter[i].rate;
				bpf_printk("source %u: %llu hook events a second", s, *most);
			}
		}
	}
	return HYPOS_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
