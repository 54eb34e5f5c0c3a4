//! Helpers as a program sees them: maps, ring buffers, printing.
#![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
mod common;

use bpf_runtime::interp::{MAX_TEXT, Outcome, Trap, TrapReason, run};
use common::{World, assemble, create_maps, map_memory};

const CONTEXT: [u8; 32] = *b"0123456789abcdef\0\0\0\0\0\0\0\0ABCDEFG\0";

fn run_text(text: &str) -> (Result<Outcome, Trap>, World) {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let mut world = World::default();
    let result = run(assemble(text).as_slice(), &CONTEXT, &maps, &mut world, 100_000);
    (result, world)
}

fn r0(text: &str) -> i64 {
    run_text(text).0.unwrap().r0 as i64
}

const KEY: &str = "*(u64 *)(r10 - 8) = 7\nr2 = r10\nr2 += -8\n";
const VALUE: &str =
    "*(u64 *)(r10 - 16) = 3\n*(u64 *)(r10 - 24) = 2\n*(u64 *)(r10 - 32) = 1\nr3 = r10\nr3 += -32\n";

#[test]
fn hash_maps() {
    let update = |flags: i32| format!("{KEY}{VALUE}r1 = map[1] ll\nr4 = {flags}\ncall map_update_elem\n");
    let lookup = format!("{KEY}r1 = map[1] ll\ncall map_lookup_elem\n");
    let delete = format!("{KEY}r1 = map[1] ll\ncall map_delete_elem\n");
    assert_eq!(r0(&format!("{lookup}exit")), 0);
    assert_eq!(r0(&format!("{}exit", update(0))), 0);
    assert_eq!(r0(&format!("{}exit", update(2))), -2, "ENOENT");
    assert_eq!(r0(&format!("{}{}exit", update(0), update(1))), -17, "EEXIST");
    assert_eq!(r0(&format!("{}exit", update(9))), -22, "EINVAL");
    assert_eq!(r0(&format!("{delete}exit")), -2, "ENOENT");
    assert_eq!(r0(&format!("{}{delete}exit", update(0))), 0);
    assert_eq!(r0(&format!("{}{lookup}r0 = *(u64 *)(r0 + 16)\nexit", update(0))), 3);
    let full = format!(
        "r6 = 0\nloop:\n{KEY}*(u64 *)(r10 - 8) = r6\n{VALUE}r1 = map[1] ll\nr4 = 0\n\
                        call map_update_elem\nr6 += 1\nif r6 < 9 goto loop\nexit"
    );
    assert_eq!(r0(&full), -7, "E2BIG: nine entries in a map of eight");
}

#[test]
fn array_maps_and_direct_values() {
    let lookup = |index| {
        format!("*(u32 *)(r10 - 4) = {index}\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\n")
    };
    assert_eq!(r0(&format!("{}exit", lookup(4))), 0);
    let two = format!("{}r6 = r0\n*(u64 *)(r6 + 8) = 5\n{}r0 = *(u64 *)(r0 + 8)\nexit", lookup(3), lookup(3));
    assert_eq!(r0(&two), 5);
    let over = run_text(&format!("{}r0 = *(u64 *)(r0 + 9)\nexit", lookup(0))).0;
    assert!(matches!(over.unwrap_err().reason, TrapReason::Access { size: 8, .. }));
    assert_eq!(r0("r1 = map[4][0] + 60 ll\n*(u32 *)(r1 + 0) = 9\nr0 = *(u32 *)(r1 + 0)\nexit"), 9);
    let misaligned = "r1 = map[4][0] + 3 ll\nr2 = 0x0102030405060708 ll\n*(u64 *)(r1 + 0) = r2\nr0 = *(u8 *)(r1 + 7)\nexit";
    assert_eq!(r0(misaligned), 1);
    let stored = run_text("r1 = map[3][0] + 0 ll\n*(u8 *)(r1 + 0) = 1\nexit").0;
    assert_eq!(stored.unwrap_err().reason, TrapReason::ReadOnly);
    let updated = run_text("r2 = r1\nr3 = r1\nr4 = 0\nr1 = map[3] ll\ncall map_update_elem\nexit").0;
    assert_eq!(updated.unwrap_err().reason, TrapReason::ReadOnly);
    let locked = run_text("r1 = map[3][0] + 0 ll\nr2 = 1\nlock *(u64 *)(r1 + 0) += r2\nexit").0;
    assert_eq!(locked.unwrap_err().reason, TrapReason::ReadOnly);
    assert_eq!(
        r0("r1 = map[4][0] + 8 ll\nr2 = 5\nlock *(u64 *)(r1 + 0) += r2\nr0 = *(u64 *)(r1 + 0)\nexit"),
        5
    );
}

#[test]
fn ring_buffers() {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let ring = maps[2].ring().unwrap();
    let go = |text: &str| run(assemble(text).as_slice(), &CONTEXT, &maps, &mut World::default(), 1000);
    let output = "r2 = r1\nr3 = 10\nr4 = 0\nr1 = map[2] ll\ncall ringbuf_output\nexit";
    assert_eq!(go(output).unwrap().r0, 0);
    let mut got = [0; 64];
    assert_eq!(ring.consume(&mut got), Some(10));
    assert_eq!(&got[..10], b"0123456789");
    let reserve = "r1 = map[2] ll\nr2 = 16\nr3 = 0\ncall ringbuf_reserve\nr6 = r0\n*(u64 *)(r6 + 8) = 77\n";
    go(&format!("{reserve}r1 = r6\nr2 = 0\ncall ringbuf_submit\nexit")).unwrap();
    assert_eq!(ring.consume(&mut got), Some(16));
    assert_eq!(got[8], 77);
    go(&format!("{reserve}r1 = r6\nr2 = 0\ncall ringbuf_discard\nexit")).unwrap();
    assert_eq!(ring.consume(&mut got), None);
    // What the verifier would refuse: over the record's end, given back twice, never given back.
    assert!(go(&format!("{reserve}*(u64 *)(r6 + 9) = 1\nexit")).is_err());
    let twice = format!("{reserve}r1 = r6\ncall ringbuf_submit\nr1 = r6\ncall ringbuf_submit\nexit");
    assert_eq!(go(&twice).unwrap_err().reason, TrapReason::NoRecord);
    assert_eq!(ring.consume(&mut got), Some(16), "the first submit counts");
    go(&format!("{reserve}exit")).unwrap();
    assert_eq!(go(output).unwrap().r0, 0);
    assert_eq!(ring.consume(&mut got), Some(10), "records left open are dropped, the ring goes on");
    assert_eq!(go("r1 = map[2] ll\nr2 = 1\ncall ringbuf_query\nexit").unwrap().r0, 4096);
    assert_eq!(go("r1 = map[2] ll\nr2 = 16\nr3 = 1\ncall ringbuf_reserve\nexit").unwrap().r0, 0, "flags");
    let many = "r6 = 0\nloop:\nr1 = map[2] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nr6 += 1\nif r6 < 9 goto loop\nexit";
    assert_eq!(go(many).unwrap().r0, 0, "nine at a time");
}

/// Prints with the format and the values of r3, r4, r5.
fn print(format: &str, values: [i64; 3]) -> String {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let mut bytes = format.as_bytes().to_vec();
    bytes.push(0);
    assert!(bytes.len() <= 32, "{format}");
    maps[3].set_contents(&bytes).unwrap();
    let [a, b, c] = values;
    let text = format!(
        "r3 = {a:#x} ll\nr4 = {b:#x} ll\nr5 = {c:#x} ll\nr1 = map[3][0] + 0 ll\nr2 = {}\ncall trace_printk\nexit",
        bytes.len()
    );
    let mut world = World::default();
    let outcome = run(assemble(&text).as_slice(), &CONTEXT, &maps, &mut world, 100).unwrap();
    assert_eq!(outcome.r0 as usize, world.printed[0].len());
    world.printed.remove(0)
}

#[test]
fn printing() {
    // The context's address as a program sees it.
    let context = 0x2000_0000_0000_0000;
    let cases: &[(&str, [i64; 3], &str)] = &[
        ("plain", [0; 3], "plain"),
        ("%d %i %u", [-1, -2, -3], "-1 -2 4294967293"),
        ("%ld %lu %lx", [-1, -1, 255], "-1 18446744073709551615 ff"),
        ("%lld %llu %llX", [i64::MIN, 5, 0xabc], "-9223372036854775808 5 ABC"),
        ("%hd %hhd %hhu", [0x1ffff, 0x1ff, 0x1ff], "-1 -1 255"),
        ("%x %#x %o", [255, 255, 8], "ff 0xff 10"),
        ("%c%c%c", [72, 105, 33], "Hi!"),
        ("[%5d][%-5d][%05d]", [42, 42, -42], "[   42][42   ][-0042]"),
        ("[%08x][%#08x]", [0xbeef, 0xbeef, 0], "[0000beef][0x00beef]"),
        ("[%s][%.3s][%20s]", [context, context, context], "[0123456789abcdef][012][    0123456789abcdef]"),
        ("%s", [context + 24, 0, 0], "ABCDEFG"),
        ("%s", [5, 0, 0], "(fault)"),
        ("%p", [context, 0, 0], "0x2000000000000000"),
        ("100%% %d", [7, 0, 0], "100% 7"),
        ("%d %d %d %d", [1, 2, 3], "1 2 3 %d"),
        ("%y %d", [7, 0, 0], "%y 7"),
        ("trailing %", [0; 3], "trailing %"),
        ("%-", [0; 3], "%-"),
        ("[%99d]", [1, 0, 0], &format!("[{:>64}]", 1)),
        ("[%099d]", [1, 0, 0], &format!("[{:064}]", 1)),
    ];
    for (format, values, expected) in cases {
        assert_eq!(print(format, *values), *expected, "{format}");
    }
    assert_eq!(print("%99d%99d%99d%99d%99d%99d", [1; 3]).len(), 3 * 64 + 3 * 4);
    const { assert!(MAX_TEXT == 256) };
}

#[test]
fn printing_from_memory() {
    let memory = map_memory();
    let maps = create_maps(&memory);
    maps[3].set_contents(b"%d/%lu/%s/%d\0").unwrap();
    let text = "r1 += 0\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 24) = 2\n*(u64 *)(r10 - 32) = -1\n*(u64 *)(r10 - 8) = 4\n\
                r3 = r10\nr3 += -32\nr4 = 32\nr1 = map[3][0] + 0 ll\nr2 = 13\ncall trace_vprintk\nexit";
    let mut world = World::default();
    run(assemble(text).as_slice(), &CONTEXT, &maps, &mut world, 100).unwrap();
    assert_eq!(world.printed, ["-1/2/0123456789abcdef/4"]);
    let short = text.replace("r4 = 32", "r4 = 20");
    let mut world = World::default();
    run(assemble(&short).as_slice(), &CONTEXT, &maps, &mut world, 100).unwrap();
    assert_eq!(world.printed, ["-1/2/%s/%d"], "20 bytes hold two values");
}

#[test]
fn the_world_outside() {
    let (result, _) = run_text("call ktime_get_ns\nr6 = r0\ncall ktime_get_ns\nr0 -= r6\nexit");
    assert_eq!(result.unwrap().r0, 1);
    let (result, _) = run_text("call get_prandom_u32\nexit");
    assert_eq!(result.unwrap().r0, 1_013_904_223);
    assert_eq!(r0("call get_smp_processor_id\nexit"), 0);
    let (result, _) = run_text("r2 = map[4][0] + 1 ll\nr1 = map[4] ll\nr0 = *(u64 *)(r1 + 0)\nexit");
    assert!(result.is_err(), "a map's handle is no memory");
}
