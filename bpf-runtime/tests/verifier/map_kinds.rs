//! Helpers of the map kinds beside hash, array and ring buffer: per-CPU, LRU, perf event arrays, program arrays.
use super::{Case, all_as_expected};

/// Programs, and the maps that each writes to.
const WRITES: &[(&str, u64)] = &[
    ("r2 = r1\nr1 = map[0] ll\ncall map_lookup_elem\nr0 = 0\nexit", 0),
    ("r2 = r1\nr1 = map[5] ll\ncall map_lookup_elem\nr0 = 0\nexit", 1 << 5),
    ("r2 = r1\nr3 = r1\nr4 = 0\nr1 = map[0] ll\ncall map_update_elem\nr0 = 0\nexit", 1),
    (
        "r2 = r1\nr1 = map[5] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n*(u64 *)(r0 + 16) = 1\nout:\nr0 = 0\nexit",
        1 << 5,
    ),
    ("r2 = map[4][0] + 0 ll\nr0 = *(u64 *)(r2 + 0)\nr0 = 0\nexit", 0),
    ("r2 = map[4][0] + 0 ll\nr3 = 1\nlock *(u64 *)(r2 + 0) += r3\nr0 = 0\nexit", 1 << 4),
];

#[test]
fn a_summary_names_the_maps_that_are_written() {
    for (text, written) in WRITES {
        let summary = crate::common::check(&super::assemble(text)).unwrap();
        assert_eq!(summary.written_maps, *written, "{text}");
        assert_eq!(summary.maps & written, *written);
    }
}

const CONTEXT: Option<&str> = Some("tail_call: r1 has to be the context, unchanged");

const CASES: &[Case] = &[
    (
        "a lookup in an LRU map, then a store",
        "r2 = r1\nr1 = map[5] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n*(u64 *)(r0 + 16) = 1\nout:\nr0 = 0\nexit",
        None,
    ),
    (
        "over the end of an LRU map's value",
        "r2 = r1\nr1 = map[5] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n*(u64 *)(r0 + 17) = 1\nout:\nr0 = 0\nexit",
        Some("access of 8 bytes to the map value at offset 17: its bytes are 0 to 23"),
    ),
    (
        "the value of one CPU",
        "r2 = r1\nr1 = map[6] ll\nr3 = 0\ncall map_lookup_percpu_elem\nif r0 == 0 goto out\nr0 = *(u64 *)(r0 + 8)\nout:\nexit",
        None,
    ),
    (
        "over the end of the value of one CPU",
        "r2 = r1\nr1 = map[6] ll\nr3 = 0\ncall map_lookup_percpu_elem\nif r0 == 0 goto out\nr0 = *(u64 *)(r0 + 16)\nout:\nexit",
        Some("access of 8 bytes to the map value at offset 16: its bytes are 0 to 15"),
    ),
    (
        "the value of one CPU, which may not be",
        "r2 = r1\nr1 = map[6] ll\nr3 = 7\ncall map_lookup_percpu_elem\nr0 = *(u64 *)(r0 + 8)\nexit",
        Some("r0 may be null: compare it with 0 before it is used"),
    ),
    (
        "the value of one CPU in a map with one for all",
        "r2 = r1\nr1 = map[0] ll\nr3 = 0\ncall map_lookup_percpu_elem\nr0 = 0\nexit",
        Some("map_lookup_percpu_elem: r1 has to be a per-CPU map"),
    ),
    (
        "a direct value of a per-CPU map",
        "r1 = map[6][0] + 0 ll\nr0 = 0\nexit",
        Some("map number 6 is no array with one entry: look values up"),
    ),
    (
        "a lookup in a program array",
        "r2 = r1\nr1 = map[8] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("map_lookup_elem: r1 has to be a hash or array map"),
    ),
    (
        "an update of a program array",
        "r2 = r1\nr3 = r1\nr4 = 0\nr1 = map[8] ll\ncall map_update_elem\nr0 = 0\nexit",
        Some("map_update_elem: r1 has to be a hash or array map"),
    ),
    (
        "a lookup in a perf event array",
        "r2 = r1\nr1 = map[7] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("map_lookup_elem: r1 has to be a hash or array map"),
    ),
    (
        "a record of a perf event array",
        "r1 = map[7] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nr0 = 0\nexit",
        Some("ringbuf_reserve: r1 has to be a ring buffer map"),
    ),
    ("a sample", "r4 = r1\nr2 = map[7] ll\nr3 = 0xffffffff ll\nr5 = 32\ncall perf_event_output\nexit", None),
    (
        "a sample of nothing",
        "r4 = r1\nr2 = map[7] ll\nr3 = 0xffffffff ll\nr5 = 0\ncall perf_event_output\nexit",
        None,
    ),
    (
        "a sample over the context's end",
        "r4 = r1\nr2 = map[7] ll\nr3 = 0\nr5 = 33\ncall perf_event_output\nexit",
        Some("access of 33 bytes to the context at offset 0: its bytes are 0 to 31"),
    ),
    (
        "a sample that holds an address",
        "*(u64 *)(r10 - 8) = r1\nr2 = map[7] ll\nr3 = 0\nr4 = r10\nr4 += -8\nr5 = 8\ncall perf_event_output\nexit",
        Some("a pointer is stored whole, at a multiple of 8, or not at all"),
    ),
    (
        "a sample without the context",
        "r4 = r1\nr1 = 0\nr2 = map[7] ll\nr3 = 0\nr5 = 8\ncall perf_event_output\nexit",
        Some("perf_event_output: r1 has to be the context, unchanged"),
    ),
    (
        "a sample into a ring buffer",
        "r4 = r1\nr2 = map[2] ll\nr3 = 0\nr5 = 8\ncall perf_event_output\nexit",
        Some("perf_event_output: r2 has to be a perf event array"),
    ),
    ("a tail call", "r2 = map[8] ll\nr3 = 1\ncall tail_call\nr0 = 0\nexit", None),
    (
        "a tail call to an index from outside",
        "r3 = *(u32 *)(r1 + 0)\nr2 = map[8] ll\ncall tail_call\nr0 = 0\nexit",
        None,
    ),
    (
        "a tail call answers nothing",
        "r2 = map[8] ll\nr3 = 1\ncall tail_call\nexit",
        Some("r0 is not initialised here: set it on every path"),
    ),
    (
        "a tail call leaves no context in r1",
        "r2 = map[8] ll\nr3 = 1\ncall tail_call\nr0 = *(u64 *)(r1 + 0)\nexit",
        Some("r1 is not initialised here: set it on every path"),
    ),
    (
        "a tail call into the context",
        "r1 += 8\nr2 = map[8] ll\nr3 = 1\ncall tail_call\nr0 = 0\nexit",
        CONTEXT,
    ),
    ("a tail call with the stack", "r1 = r10\nr2 = map[8] ll\nr3 = 1\ncall tail_call\nr0 = 0\nexit", CONTEXT),
    ("a tail call with a number", "r1 = 0\nr2 = map[8] ll\nr3 = 1\ncall tail_call\nr0 = 0\nexit", CONTEXT),
    (
        "a tail call through an array",
        "r2 = map[0] ll\nr3 = 1\ncall tail_call\nr0 = 0\nexit",
        Some("tail_call: r2 has to be a program array"),
    ),
    (
        "a tail call to an address",
        "r2 = map[8] ll\nr3 = r1\ncall tail_call\nr0 = 0\nexit",
        Some("tail_call: r3 has to be a number, not an address"),
    ),
    (
        "a tail call with a record reserved",
        "r6 = r1\nr1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto out\nr7 = r0\nr1 = r6\n\
         r2 = map[8] ll\nr3 = 1\ncall tail_call\nr1 = r7\nr2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit",
        Some("a ring buffer record is still reserved: submit or discard it on every path"),
    ),
    (
        "a tail call with a record given back",
        "r6 = r1\nr1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto out\nr1 = r0\nr2 = 0\n\
         call ringbuf_submit\nr1 = r6\nr2 = map[8] ll\nr3 = 1\ncall tail_call\nout:\nr0 = 0\nexit",
        None,
    ),
    (
        "a tail call in a function",
        "call go\nexit\ngo:\nr2 = map[8] ll\nr3 = 1\ncall tail_call\nr0 = 0\nexit",
        Some("a tail call in a function: it replaces the whole program, call it from there"),
    ),
    (
        "a function, then a tail call",
        "r6 = r1\nr1 = 3\ncall twice\nr1 = r6\nr2 = map[8] ll\nr3 = r0\ncall tail_call\nr0 = 0\nexit\n\
         twice:\nr0 = r1\nr0 += r0\nexit",
        None,
    ),
    (
        "a prefix",
        "r2 = r1\nr1 = map[10] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nout:\nr0 = 0\nexit",
        None,
    ),
    (
        "half of a prefix",
        "*(u32 *)(r10 - 4) = 8\nr2 = r10\nr2 += -4\nr1 = map[10] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("access of 8 bytes to the stack at offset -4: a frame has 512 bytes below r10"),
    ),
    (
        "redirecting what is no packet",
        "r1 = map[9] ll\nr2 = 0\nr3 = 0\ncall redirect_map\nexit",
        Some("the hook's programs may not call redirect_map"),
    ),
    ("times", "call ktime_get_boot_ns\nr6 = r0\ncall ktime_get_coarse_ns\nr0 -= r6\nexit", None),
    ("the node", "call get_numa_node_id\nexit", None),
    (
        "the node leaves no argument",
        "r2 = 1\ncall get_numa_node_id\nr0 = r2\nexit",
        Some("r2 is not initialised here: set it on every path"),
    ),
];

#[test]
fn map_kinds() {
    all_as_expected(CASES);
}
