//! Helpers and functions: arguments, what is left of registers, depth.
use super::{Case, all_as_expected};

const CASES: &[Case] = &[
    ("a helper that does not exist", "call 4\nr0 = 0\nexit", Some("there is no helper number 4")),
    (
        "no map",
        "r2 = r10\nr1 = 5\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("map_lookup_elem: r1 has to be a map"),
    ),
    (
        "a map of a wrong kind",
        "*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr1 = map[2] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("map_lookup_elem: r1 has to be a hash or array map"),
    ),
    (
        "a map of a wrong kind for a ring buffer helper",
        "r1 = map[0] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nr0 = 0\nexit",
        Some("ringbuf_reserve: r1 has to be a ring buffer map"),
    ),
    ("a map that is not there", "r1 = map[11] ll\nr0 = 0\nexit", Some("there is no map number 11")),
    (
        "a direct value of a map with several",
        "r1 = map[0][0] + 0 ll\nr0 = 0\nexit",
        Some("map number 0 is no array with one entry: look values up"),
    ),
    (
        "a direct value behind its end",
        "r1 = map[4][0] + 64 ll\nr0 = 0\nexit",
        Some("map number 4 is no array with one entry: look values up"),
    ),
    (
        "a key that is not written",
        "r2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("the stack at r10-4 is read before it is written: initialise it"),
    ),
    (
        "a key that is written in part",
        "*(u32 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr1 = map[1] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("the stack at r10-4 is read before it is written: initialise it"),
    ),
    (
        "a key over the stack's end",
        "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[1] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("access of 8 bytes to the stack at offset -4: a frame has 512 bytes below r10"),
    ),
    (
        "a key that is a number",
        "r2 = 0\nr1 = map[0] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("r2 is a number, not an address: only pointers can be accessed"),
    ),
    ("a key in the context", "r2 = r1\nr1 = map[1] ll\ncall map_lookup_elem\nr0 = 0\nexit", None),
    (
        "a key behind a pointer that may be null",
        "r2 = r1\nr1 = map[1] ll\ncall map_lookup_elem\nr2 = r0\nr1 = map[1] ll\ncall map_lookup_elem\nr0 = 0\nexit",
        Some("r2 may be null: compare it with 0 before it is used"),
    ),
    (
        "an argument that is not set",
        "r2 = r1\nr3 = r1\nr1 = map[1] ll\ncall map_update_elem\nr0 = 0\nexit",
        Some("r4 is not initialised here: set it on every path"),
    ),
    (
        "flags that are an address",
        "r2 = r1\nr3 = r1\nr4 = r1\nr1 = map[1] ll\ncall map_update_elem\nr0 = 0\nexit",
        Some("map_update_elem: r4 has to be a number, not an address"),
    ),
    (
        "an update of a read-only map",
        "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr3 = r1\nr4 = 0\nr1 = map[3] ll\ncall map_update_elem\nr0 = 0\nexit",
        Some("the map is read-only for programs"),
    ),
    (
        "a lookup in a read-only map, then a store",
        "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[3] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n\
         *(u8 *)(r0 + 0) = 1\nout:\nr0 = 0\nexit",
        Some("the map value is read-only"),
    ),
    (
        "registers after a call",
        "r2 = 5\ncall ktime_get_ns\nr0 = r2\nexit",
        Some("r2 is not initialised here: set it on every path"),
    ),
    ("saved registers after a call", "r6 = r1\ncall ktime_get_ns\nr0 = *(u64 *)(r6 + 0)\nexit", None),
    (
        "a length of 0 where there has to be something",
        "r1 = map[3][0] + 0 ll\nr2 = 0\ncall trace_printk\nr0 = 0\nexit",
        Some("trace_printk: r2 has to be a length of at least 1"),
    ),
    (
        "a length from outside",
        "r6 = *(u64 *)(r1 + 0)\nr2 = r1\nr3 = r6\nr4 = 0\nr1 = map[2] ll\ncall ringbuf_output\nr0 = 0\nexit",
        Some("access of 18446744073709551615 bytes to the context at offset 0: its bytes are 0 to 31"),
    ),
    (
        "a length that is bounded",
        "r6 = *(u64 *)(r1 + 0)\nr2 = r1\nr3 = r6\nif r3 > 32 goto out\nr4 = 0\nr1 = map[2] ll\n\
         call ringbuf_output\nout:\nr0 = 0\nexit",
        None,
    ),
    (
        "a length that is bounded off by one",
        "r6 = *(u64 *)(r1 + 0)\nr2 = r1\nr3 = r6\nif r3 > 33 goto out\nr4 = 0\nr1 = map[2] ll\n\
         call ringbuf_output\nout:\nr0 = 0\nexit",
        Some("access of 33 bytes to the context at offset 0: its bytes are 0 to 31"),
    ),
    (
        "print arguments behind a number",
        "r1 = map[3][0] + 0 ll\nr2 = 12\nr3 = 8\nr4 = 8\ncall trace_vprintk\nr0 = 0\nexit",
        Some("r3 is a number, not an address: only pointers can be accessed"),
    ),
    (
        "print arguments behind null",
        "r1 = map[3][0] + 0 ll\nr2 = 12\nr3 = 0\nr4 = 8\ncall trace_vprintk\nr0 = 0\nexit",
        Some("r3 is a number, not an address: only pointers can be accessed"),
    ),
    ("a function", "r1 = 5\nr2 = 6\ncall add\nexit\nadd:\nr0 = r1\nr0 += r2\nexit", None),
    (
        "a function's argument that is not set",
        "r1 = 5\ncall add\nexit\nadd:\nr0 = r1\nr0 += r2\nexit",
        Some("r2 is not initialised here: set it on every path"),
    ),
    (
        "a caller's saved registers are not the function's",
        "r6 = 5\ncall get\nexit\nget:\nr0 = r6\nexit",
        Some("r6 is not initialised here: set it on every path"),
    ),
    (
        "saved registers survive a function",
        "r6 = r1\ncall get\nr0 = *(u64 *)(r6 + 0)\nexit\nget:\nr6 = 0\nr0 = r6\nexit",
        None,
    ),
    (
        "arguments do not survive a function",
        "r1 = 5\ncall get\nr0 = r1\nexit\nget:\nr0 = 1\nexit",
        Some("r1 is not initialised here: set it on every path"),
    ),
    (
        "a function that answers nothing",
        "call get\nexit\nget:\nexit",
        Some("r0 is not initialised here: set it on every path"),
    ),
    (
        "a function that returns its stack",
        "call get\nr0 = 0\nexit\nget:\nr0 = r10\nexit",
        Some("a pointer to this function's stack may not outlive the call"),
    ),
    (
        "a function that saves its stack's address in its caller's",
        "r1 = r10\nr1 += -8\ncall get\nr0 = 0\nexit\nget:\n*(u64 *)(r1 + 0) = r10\nr0 = 0\nexit",
        Some("a pointer to this function's stack may not outlive the call"),
    ),
    (
        "a function's stack is its own",
        "*(u64 *)(r10 - 8) = 1\ncall get\nexit\nget:\nr0 = *(u64 *)(r10 - 8)\nexit",
        Some("the stack at r10-8 is read before it is written: initialise it"),
    ),
    (
        "a function checks a value for its caller",
        "r2 = r1\nr1 = map[1] ll\ncall map_lookup_elem\nr1 = r0\ncall read\nexit\n\
         read:\nr0 = 0\nif r1 == 0 goto out\nr0 = *(u64 *)(r1 + 16)\nout:\nexit",
        None,
    ),
    (
        "a function that calls itself",
        "call get\nexit\nget:\ncall get\nexit",
        Some("the function calls itself: use a loop with a bound instead"),
    ),
    (
        "the program calls itself",
        "start:\nr1 = 1\ncall start\nr0 = 0\nexit",
        Some("the function calls itself: use a loop with a bound instead"),
    ),
    (
        "eight frames",
        "call a\nexit\na:\ncall b\nexit\nb:\ncall c\nexit\nc:\ncall d\nexit\nd:\ncall e\nexit\n\
      e:\ncall f\nexit\nf:\ncall g\nexit\ng:\nr0 = 0\nexit",
        None,
    ),
    (
        "nine frames",
        "call a\nexit\na:\ncall b\nexit\nb:\ncall c\nexit\nc:\ncall d\nexit\nd:\ncall e\nexit\n\
         e:\ncall f\nexit\nf:\ncall g\nexit\ng:\ncall h\nexit\nh:\nr0 = 0\nexit",
        Some("calls nest deeper than 8 frames: inline some functions"),
    ),
    (
        "a call through a number",
        "r2 = 5\ncallx r2\nr0 = 0\nexit",
        Some("callx needs a register that holds the address of a function of the program"),
    ),
    ("a call through an address", "r1 = 7\nr3 = code get ll\ncallx r3\nexit\nget:\nr0 = r1\nexit", None),
    (
        "a call through one of two addresses",
        "r4 = *(u64 *)(r1 + 0)\nr3 = code one ll\nif r4 > 5 goto on\nr3 = code two ll\non:\ncallx r3\nexit\n\
         one:\nr0 = 1\nexit\ntwo:\nr0 = 2\nexit",
        None,
    ),
    (
        "one of two functions is wrong",
        "r4 = *(u64 *)(r1 + 0)\nr3 = code one ll\nif r4 > 5 goto on\nr3 = code two ll\non:\ncallx r3\nexit\n\
         one:\nr0 = 1\nexit\ntwo:\nr0 = *(u64 *)(r5 + 0)\nexit",
        Some("r5 is not initialised here: set it on every path"),
    ),
    (
        "an address of a function, saved",
        "r3 = code get ll\n*(u64 *)(r10 - 8) = r3\nr6 = *(u64 *)(r10 - 8)\ncallx r6\nexit\nget:\nr0 = 1\nexit",
        None,
    ),
    (
        "an address of a function, computed",
        "r3 = code get ll\nr3 += 8\ncallx r3\nexit\nget:\nr0 = 1\nexit",
        Some("the address of a function can't be computed with"),
    ),
    (
        "code is not read",
        "r3 = code get ll\nr0 = *(u64 *)(r3 + 0)\nexit\nget:\nr0 = 1\nexit",
        Some("r3 is a number, not an address: only pointers can be accessed"),
    ),
    (
        "an address of a function as answer",
        "r0 = code get ll\nexit\nget:\nr0 = 1\nexit",
        Some("r0 is an address at exit: return a number"),
    ),
    (
        "a function that calls itself through its address",
        "r1 = code get ll\ncallx r1\nexit\nget:\ncallx r1\nexit",
        Some("the function calls itself: use a loop with a bound instead"),
    ),
    (
        "an address in the middle of an instruction",
        "r1 = code 2 ll\nr2 = 5 ll\nr0 = 0\nexit",
        Some("jump or call to 3, where no instruction begins"),
    ),
];

#[test]
fn calls() {
    all_as_expected(CASES);
}
