// Counts the bytes that the console receives, by value.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <hypos.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} bytes SEC(".maps");

SEC("serial")
int console(struct hypos_serial *ctx)
{
	const __u64 one = 1;

	for (__u32 i = 0; i < sizeof(ctx->data); i++) {
		__u32 byte;
		__u64 *count;

		if (i >= ctx->len)
			break;
		byte = ctx->data[i];
		count = bpf_map_lookup_elem(&bytes, &byte);
		if (count)
			__sync_fetch_and_add(count, 1);
		else
			bpf_map_update_elem(&bytes, &byte, &one, BPF_ANY);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
