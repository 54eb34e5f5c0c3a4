// Counts the ticks of a timer, prints now and then, and sends a record of each tenth tick.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <hypos.h>

enum { TICKS, LATE, COUNTS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct event {
	__u64 now_ns;
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

// Adds one to a counter; gives its new value.
static __noinline __u64 add(__u32 which)
{
	__u64 *count = bpf_map_lookup_elem(&counts, &which);

	return count ? __sync_fetch_and_add(count, 1) + 1 : 0;
}

SEC("timer")
int tick(struct hypos_timer *ctx)
{
	__u64 ticks = add(TICKS);

	if (ctx->now_ns - ctx->scheduled_ns > ctx->period_ns)
		add(LATE);
	if (ticks % 100 == 0)
		bpf_printk("tick %llu, %llu ns late", ticks, ctx->now_ns - ctx->scheduled_ns);
	if (ticks % 10 == 0) {
		struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

		if (!event)
			return 0;
		event->now_ns = ctx->now_ns;
		event->count = ticks;
		bpf_ringbuf_submit(event, 0);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
