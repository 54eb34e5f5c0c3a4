//! The events that a program can be attached to, as data.
mod network;

use core::ops::RangeInclusive;

/// Bytes of a packet at most, from its start to its end: Linux's `MAX_PACKET_OFF`. The verifier relies on it.
pub const MAX_PACKET_BYTES: usize = 0xffff;

/// What a field of a context holds, and what a program may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A number, which programs read, in part or with its neighbours too.
    Number,
    /// Numbers that programs may write, too.
    Scratch,
    /// The address of a packet's first byte. As in Linux the field has 32 bits, and what is loaded is a pointer. All
    /// addresses of packets lie in 32 bits, 2^29 away from their ends at least: that is as far as offsets reach.
    Packet,
    /// The address behind a packet's last byte.
    PacketEnd,
    /// The address of a packet's metadata, which end where the packet begins.
    PacketMeta,
    /// Nothing that programs of this type may read.
    Hidden,
}

/// One value in a hook's context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the C struct's member.
    pub name: &'static str,
    /// Bytes from the start of the context.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
    /// What it holds.
    pub holds: Holds,
}

impl Field {
    /// Whether it has bytes from `start` to before `end`.
    pub const fn overlaps(&self, start: i64, end: i64) -> bool {
        start < self.offset as i64 + self.size as i64 && (self.offset as i64) < end
    }
}

/// An event, and what a program is given and may answer there.
#[derive(Debug, PartialEq, Eq)]
pub struct Hook {
    /// The name, as given to `prog attach`.
    pub name: &'static str,
    /// The number that travels in messages.
    pub number: u32,
    /// The ELF section that names it; anything after a `/` is a comment.
    pub section: &'static str,
    /// Whether this system has it: programs for the others can be verified and run on a host only.
    pub on_device: bool,
    /// The fields of the context, in order and without gaps.
    pub context: &'static [Field],
    /// Bytes of the context.
    pub context_size: u32,
    /// The answers that r0 may hold at exit; `None`: any. On this system's hooks 0 passes the event on to the program behind
    /// this one, anything else takes it.
    pub verdicts: Option<RangeInclusive<i32>>,
}

const fn field(name: &'static str, offset: u32, size: u32) -> Field {
    Field { name, offset, size, holds: Holds::Number }
}

/// The number of the hook `metrics`.
pub const METRICS: u32 = 3;
/// The number of the hook `xdp`.
pub const XDP: u32 = 4;
/// The number of the hook `socket`.
pub const SOCKET: u32 = 5;

/// All hooks.
pub const HOOKS: &[Hook] = &[
    // struct hypos_timer { __u64 now_ns; __u64 scheduled_ns; __u64 period_ns; __u64 count; }
    Hook {
        name: "timer",
        number: 1,
        section: "timer",
        on_device: true,
        context: &[
            field("now_ns", 0, 8),
            field("scheduled_ns", 8, 8),
            field("period_ns", 16, 8),
            field("count", 24, 8),
        ],
        context_size: 32,
        verdicts: None,
    },
    // struct hypos_serial { __u64 now_ns; __u32 port; __u32 len; __u8 data[16]; }
    Hook {
        name: "serial",
        number: 2,
        section: "serial",
        on_device: true,
        context: &[field("now_ns", 0, 8), field("port", 8, 4), field("len", 12, 4), field("data", 16, 16)],
        context_size: 32,
        verdicts: None,
    },
    // struct hypos_metrics { struct hypos_rates source[5]; }
    Hook {
        name: "metrics",
        number: METRICS,
        section: "metrics",
        on_device: true,
        context: &[field("source", 0, 5 * 4096)],
        context_size: 5 * 4096,
        verdicts: None,
    },
    Hook {
        name: "xdp",
        number: XDP,
        section: "xdp",
        on_device: false,
        context: network::XDP_MD,
        context_size: network::XDP_MD_BYTES,
        // As in Linux: what is no action counts as XDP_ABORTED.
        verdicts: None,
    },
    Hook {
        name: "socket",
        number: SOCKET,
        section: "socket",
        on_device: false,
        context: network::SK_BUFF,
        context_size: network::SK_BUFF_BYTES,
        // The bytes of the packet to be kept.
        verdicts: None,
    },
];

/// The hook that an ELF section names: `timer` or `timer/anything`. For Linux's program types what libbpf takes is
/// taken: `xdp.frags`, and, as before its version 1.0, names like `xdp_prog` and `socket1`.
pub fn find(section: &str) -> Option<&'static Hook> {
    HOOKS.iter().find(|hook| {
        let rest = section.strip_prefix(hook.section);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || !hook.on_device)
    })
}

/// The hook with this number.
pub fn by_number(number: u32) -> Option<&'static Hook> {
    HOOKS.iter().find(|hook| hook.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_name_hooks() {
        assert_eq!(find("timer").map(|h| h.number), Some(1));
        assert_eq!(find("serial/console").map(|h| h.number), Some(2));
        assert_eq!(find("timers"), None);
        assert_eq!(find("xdp").map(|h| h.number), Some(XDP));
        assert_eq!(find("xdp.frags/devmap").map(|h| h.number), Some(XDP));
        assert_eq!(find("xdp_prog").map(|h| h.number), Some(XDP));
        assert_eq!(find("socket1").map(|h| h.number), Some(SOCKET));
        assert_eq!(find("sock"), None);
        assert_eq!(find(""), None);
        assert_eq!(by_number(2).map(|h| h.name), Some("serial"));
    }

    #[test]
    fn contexts_have_no_gap() {
        for hook in HOOKS {
            let end = hook.context.iter().fold(0, |at, field| {
                assert_eq!(field.offset, at, "{}.{}", hook.name, field.name);
                at + field.size
            });
            assert_eq!(end, hook.context_size, "{}", hook.name);
        }
    }
}
