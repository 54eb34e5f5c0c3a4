//! The contexts of Linux's network programs (`include/uapi/linux/bpf.h`), and which of their fields a program of each
//! type may use (`xdp_is_valid_access` and `sk_filter_is_valid_access` in `net/core/filter.c`).
use super::{Field, Holds, field};

/// `struct xdp_md`. Of the egress device Linux tells programs in a device map only; here it is 0.
pub(super) const XDP_MD: &[Field] = &[
    packet("data", 0, Holds::Packet),
    packet("data_end", 4, Holds::PacketEnd),
    packet("data_meta", 8, Holds::PacketMeta),
    field("ingress_ifindex", 12, 4),
    field("rx_queue_index", 16, 4),
    field("egress_ifindex", 20, 4),
];
pub(super) const XDP_MD_BYTES: u32 = 24;

/// `struct __sk_buff`, as socket filters see it: no packet pointers.
pub(super) const SK_BUFF: &[Field] = &[
    field("len", 0, 4),
    field("pkt_type", 4, 4),
    field("mark", 8, 4),
    field("queue_mapping", 12, 4),
    field("protocol", 16, 4),
    field("vlan_present", 20, 4),
    field("vlan_tci", 24, 4),
    field("vlan_proto", 28, 4),
    field("priority", 32, 4),
    field("ingress_ifindex", 36, 4),
    field("ifindex", 40, 4),
    field("tc_index", 44, 4),
    Field { name: "cb", offset: 48, size: 20, holds: Holds::Scratch },
    field("hash", 68, 4),
    hidden("tc_classid", 72, 4),
    hidden("data", 76, 4),
    hidden("data_end", 80, 4),
    field("napi_id", 84, 4),
    hidden("family", 88, 4),
    hidden("remote_ip4", 92, 4),
    hidden("local_ip4", 96, 4),
    hidden("remote_ip6", 100, 16),
    hidden("local_ip6", 116, 16),
    hidden("remote_port", 132, 4),
    hidden("local_port", 136, 4),
    hidden("data_meta", 140, 4),
    hidden("flow_keys", 144, 8),
    hidden("tstamp", 152, 8),
    hidden("wire_len", 160, 4),
    field("gso_segs", 164, 4),
    hidden("sk", 168, 8),
    field("gso_size", 176, 4),
    hidden("tstamp_type", 180, 4),
    hidden("hwtstamp", 184, 8),
];
pub(super) const SK_BUFF_BYTES: u32 = 192;

const fn packet(name: &'static str, offset: u32, holds: Holds) -> Field {
    Field { name, offset, size: 4, holds }
}

const fn hidden(name: &'static str, offset: u32, size: u32) -> Field {
    Field { name, offset, size, holds: Holds::Hidden }
}
