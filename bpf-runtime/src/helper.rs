//! The functions that programs may call, as one table that verifier and dispatcher share. Numbers, argument
//! order and meaning are Linux's (`include/uapi/linux/bpf.h`), so that libbpf's headers serve.
use crate::{
    hook::{SOCKET, XDP},
    map::MapKind,
};

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// The handle of a map of one of these kinds.
    Map(&'static [MapKind]),
    /// As `Map`, and programs may write to it.
    WritableMap(&'static [MapKind]),
    /// The hook's context, as the program got it.
    Context,
    /// Readable memory, as long as the key of the map in the first argument.
    MapKey,
    /// Readable memory, as long as the value of the map in the first argument.
    MapValue,
    /// Readable memory; its length is the next argument.
    Mem,
    /// As `Mem`, may be null when the length is 0, and may hold pointers (the arguments of a print).
    PrintArgs,
    /// As `Mem`, may be null when the length is 0.
    MemOrNull,
    /// Memory that the helper writes; its length is the next argument.
    OutMem,
    /// Memory that the helper reads and then writes; its length is the next argument.
    InOutMem,
    /// The length of the memory in the argument before: at least 1.
    Size,
    /// The length of the memory in the argument before: may be 0.
    SizeOrZero,
    /// Any number.
    Scalar,
    /// A number known when the program is verified: the size of a ring buffer record.
    RecordSize,
    /// A ring buffer record that was reserved and not yet given back; the call gives it back.
    Record,
    /// Not looked at by the verifier: what is printed.
    Printed,
}

impl Arg {
    /// Whether it is the length of the memory in the argument before.
    pub const fn is_length(&self) -> bool {
        matches!(self, Self::Size | Self::SizeOrZero)
    }
}

/// What r0 is afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// A number.
    Scalar,
    /// Nothing that may be read.
    Void,
    /// A pointer to a value of the map in the first argument, or null.
    MapValueOrNull,
    /// A pointer to a new ring buffer record, or null.
    RecordOrNull,
}

/// Which hooks' programs may call a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hooks {
    /// Those of every hook.
    All,
    /// Those of the hooks with these numbers.
    Only(&'static [u32]),
}

/// A helper function.
#[derive(Debug, PartialEq, Eq)]
pub struct Helper {
    /// Linux's number.
    pub number: u32,
    /// Linux's name without `bpf_`.
    pub name: &'static str,
    /// The arguments, in r1 and up.
    pub args: &'static [Arg],
    /// What r0 is afterwards.
    pub ret: Ret,
    /// Who may call it.
    pub hooks: Hooks,
    /// Whether the packet may lie elsewhere afterwards: the program has to load its addresses anew.
    pub moves_packet: bool,
}

impl Helper {
    /// Whether programs on this hook may call it.
    pub fn allowed_on(&self, hook: &crate::hook::Hook) -> bool {
        match self.hooks {
            Hooks::All => true,
            Hooks::Only(numbers) => numbers.contains(&hook.number),
        }
    }
}

/// The helpers' numbers.
#[allow(missing_docs, reason = "the names are Linux's")]
pub mod number {
    pub const MAP_LOOKUP_ELEM: u32 = 1;
    pub const MAP_UPDATE_ELEM: u32 = 2;
    pub const MAP_DELETE_ELEM: u32 = 3;
    pub const KTIME_GET_NS: u32 = 5;
    pub const TRACE_PRINTK: u32 = 6;
    pub const GET_PRANDOM_U32: u32 = 7;
    pub const GET_SMP_PROCESSOR_ID: u32 = 8;
    pub const TAIL_CALL: u32 = 12;
    pub const PERF_EVENT_OUTPUT: u32 = 25;
    pub const GET_NUMA_NODE_ID: u32 = 42;
    pub const KTIME_GET_BOOT_NS: u32 = 125;
    pub const REDIRECT: u32 = 23;
    pub const SKB_LOAD_BYTES: u32 = 26;
    pub const CSUM_DIFF: u32 = 28;
    pub const XDP_ADJUST_HEAD: u32 = 44;
    pub const REDIRECT_MAP: u32 = 51;
    pub const XDP_ADJUST_META: u32 = 54;
    pub const XDP_ADJUST_TAIL: u32 = 65;
    pub const SKB_LOAD_BYTES_RELATIVE: u32 = 68;
    pub const FIB_LOOKUP: u32 = 69;
    pub const RINGBUF_OUTPUT: u32 = 130;
    pub const RINGBUF_RESERVE: u32 = 131;
    pub const RINGBUF_SUBMIT: u32 = 132;
    pub const RINGBUF_DISCARD: u32 = 133;
    pub const RINGBUF_QUERY: u32 = 134;
    pub const KTIME_GET_COARSE_NS: u32 = 160;
    pub const TRACE_VPRINTK: u32 = 177;
    pub const XDP_GET_BUFF_LEN: u32 = 188;
    pub const XDP_LOAD_BYTES: u32 = 189;
    pub const XDP_STORE_BYTES: u32 = 190;
    pub const MAP_LOOKUP_PERCPU_ELEM: u32 = 195;
}

const KEYED: &[MapKind] = &[
    MapKind::Hash,
    MapKind::Array,
    MapKind::PercpuHash,
    MapKind::PercpuArray,
    MapKind::LruHash,
    MapKind::LruPercpuHash,
    MapKind::LpmTrie,
];
/// The kinds that programs look up values in.
const LOOKED_UP: &[MapKind] = &[
    MapKind::Hash,
    MapKind::Array,
    MapKind::PercpuHash,
    MapKind::PercpuArray,
    MapKind::LruHash,
    MapKind::LruPercpuHash,
    MapKind::LpmTrie,
    MapKind::DevMap,
    MapKind::XskMap,
    MapKind::DevMapHash,
];
const REDIRECTING: Arg = Arg::Map(&[MapKind::DevMap, MapKind::CpuMap, MapKind::XskMap, MapKind::DevMapHash]);
const PER_CPU: &[MapKind] = &[MapKind::PercpuHash, MapKind::PercpuArray, MapKind::LruPercpuHash];
const RING: Arg = Arg::Map(&[MapKind::RingBuf]);

const fn helper(number: u32, name: &'static str, args: &'static [Arg], ret: Ret) -> Helper {
    Helper { number, name, args, ret, hooks: Hooks::All, moves_packet: false }
}

/// A helper of some hooks only, which returns a number.
const fn of_hooks(number: u32, name: &'static str, args: &'static [Arg], hooks: &'static [u32]) -> Helper {
    Helper { hooks: Hooks::Only(hooks), ..helper(number, name, args, Ret::Scalar) }
}

/// A helper that moves the start or the end of a packet by a number of bytes.
const fn adjusts(number: u32, name: &'static str) -> Helper {
    Helper { moves_packet: true, ..of_hooks(number, name, &[Arg::Context, Arg::Scalar], &[XDP]) }
}

/// All helpers, by number.
pub const HELPERS: &[Helper] = &[
    helper(
        number::MAP_LOOKUP_ELEM,
        "map_lookup_elem",
        &[Arg::Map(LOOKED_UP), Arg::MapKey],
        Ret::MapValueOrNull,
    ),
    helper(
        number::MAP_UPDATE_ELEM,
        "map_update_elem",
        &[Arg::WritableMap(KEYED), Arg::MapKey, Arg::MapValue, Arg::Scalar],
        Ret::Scalar,
    ),
    helper(number::MAP_DELETE_ELEM, "map_delete_elem", &[Arg::WritableMap(KEYED), Arg::MapKey], Ret::Scalar),
    helper(number::KTIME_GET_NS, "ktime_get_ns", &[], Ret::Scalar),
    helper(
        number::TRACE_PRINTK,
        "trace_printk",
        &[Arg::Mem, Arg::Size, Arg::Printed, Arg::Printed, Arg::Printed],
        Ret::Scalar,
    ),
    helper(number::GET_PRANDOM_U32, "get_prandom_u32", &[], Ret::Scalar),
    helper(number::GET_SMP_PROCESSOR_ID, "get_smp_processor_id", &[], Ret::Scalar),
    helper(
        number::TAIL_CALL,
        "tail_call",
        &[Arg::Context, Arg::Map(&[MapKind::ProgArray]), Arg::Scalar],
        Ret::Void,
    ),
    of_hooks(number::REDIRECT, "redirect", &[Arg::Scalar, Arg::Scalar], &[XDP]),
    helper(
        number::PERF_EVENT_OUTPUT,
        "perf_event_output",
        &[Arg::Context, Arg::Map(&[MapKind::PerfEventArray]), Arg::Scalar, Arg::Mem, Arg::SizeOrZero],
        Ret::Scalar,
    ),
    of_hooks(
        number::SKB_LOAD_BYTES,
        "skb_load_bytes",
        &[Arg::Context, Arg::Scalar, Arg::OutMem, Arg::Size],
        &[SOCKET],
    ),
    of_hooks(
        number::CSUM_DIFF,
        "csum_diff",
        &[Arg::MemOrNull, Arg::SizeOrZero, Arg::MemOrNull, Arg::SizeOrZero, Arg::Scalar],
        &[XDP],
    ),
    helper(number::GET_NUMA_NODE_ID, "get_numa_node_id", &[], Ret::Scalar),
    adjusts(number::XDP_ADJUST_HEAD, "xdp_adjust_head"),
    of_hooks(number::REDIRECT_MAP, "redirect_map", &[REDIRECTING, Arg::Scalar, Arg::Scalar], &[XDP]),
    adjusts(number::XDP_ADJUST_META, "xdp_adjust_meta"),
    adjusts(number::XDP_ADJUST_TAIL, "xdp_adjust_tail"),
    of_hooks(
        number::SKB_LOAD_BYTES_RELATIVE,
        "skb_load_bytes_relative",
        &[Arg::Context, Arg::Scalar, Arg::OutMem, Arg::Size, Arg::Scalar],
        &[SOCKET],
    ),
    of_hooks(
        number::FIB_LOOKUP,
        "fib_lookup",
        &[Arg::Context, Arg::InOutMem, Arg::Size, Arg::Scalar],
        &[XDP],
    ),
    // The clock does not stop: the time since boot is the time of `ktime_get_ns`.
    helper(number::KTIME_GET_BOOT_NS, "ktime_get_boot_ns", &[], Ret::Scalar),
    helper(
        number::RINGBUF_OUTPUT,
        "ringbuf_output",
        &[RING, Arg::Mem, Arg::SizeOrZero, Arg::Scalar],
        Ret::Scalar,
    ),
    helper(
        number::RINGBUF_RESERVE,
        "ringbuf_reserve",
        &[RING, Arg::RecordSize, Arg::Scalar],
        Ret::RecordOrNull,
    ),
    helper(number::RINGBUF_SUBMIT, "ringbuf_submit", &[Arg::Record, Arg::Scalar], Ret::Void),
    helper(number::RINGBUF_DISCARD, "ringbuf_discard", &[Arg::Record, Arg::Scalar], Ret::Void),
    helper(number::RINGBUF_QUERY, "ringbuf_query", &[RING, Arg::Scalar], Ret::Scalar),
    helper(number::KTIME_GET_COARSE_NS, "ktime_get_coarse_ns", &[], Ret::Scalar),
    helper(
        number::TRACE_VPRINTK,
        "trace_vprintk",
        &[Arg::Mem, Arg::Size, Arg::PrintArgs, Arg::SizeOrZero],
        Ret::Scalar,
    ),
    of_hooks(number::XDP_GET_BUFF_LEN, "xdp_get_buff_len", &[Arg::Context], &[XDP]),
    of_hooks(
        number::XDP_LOAD_BYTES,
        "xdp_load_bytes",
        &[Arg::Context, Arg::Scalar, Arg::OutMem, Arg::Size],
        &[XDP],
    ),
    of_hooks(
        number::XDP_STORE_BYTES,
        "xdp_store_bytes",
        &[Arg::Context, Arg::Scalar, Arg::Mem, Arg::Size],
        &[XDP],
    ),
    helper(
        number::MAP_LOOKUP_PERCPU_ELEM,
        "map_lookup_percpu_elem",
        &[Arg::Map(PER_CPU), Arg::MapKey, Arg::Scalar],
        Ret::MapValueOrNull,
    ),
];

/// The helper with this number.
pub fn find(number: u32) -> Option<&'static Helper> {
    HELPERS.binary_search_by_key(&number, |helper| helper.number).ok().map(|at| &HELPERS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_fits_the_registers() {
        assert!(HELPERS.is_sorted_by_key(|helper| helper.number));
        for helper in HELPERS {
            assert_eq!(find(helper.number), Some(helper));
            assert!(helper.args.len() <= 5, "{}", helper.name);
        }
        assert_eq!(find(4), None);
    }

    #[test]
    fn lengths_follow_memory() {
        for helper in HELPERS {
            for (i, arg) in helper.args.iter().enumerate() {
                let is_size = arg.is_length();
                let memory = |arg| {
                    matches!(arg, Arg::Mem | Arg::MemOrNull | Arg::PrintArgs | Arg::OutMem | Arg::InOutMem)
                };
                let after_mem = i > 0 && memory(helper.args[i - 1]);
                assert_eq!(is_size, after_mem, "{} argument {}", helper.name, i + 1);
                let of_map = matches!(arg, Arg::MapKey | Arg::MapValue);
                assert!(
                    !of_map || matches!(helper.args[0], Arg::Map(_) | Arg::WritableMap(_)),
                    "{}",
                    helper.name
                );
            }
        }
    }
}
