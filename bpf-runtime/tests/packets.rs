//! Runs on packets: what programs see and change, and the helpers of network hooks.
mod common;

use std::sync::atomic::AtomicU64;

use bpf_runtime::{
    hook::Hook,
    interp::{Code, Outcome, Packet, Program, run_on_packet},
    map::{ANY, Map, MapKind, MapSpec},
    verifier::{Limits, Unit, verify},
};
use common::{World, assemble, hook};
use shm::Shm;

/// Room before and behind packets.
const ROOM: usize = 32;
const DEVICES: MapSpec =
    MapSpec { kind: MapKind::DevMap, key_size: 4, value_size: 4, max_entries: 4, flags: 0 };

/// Runs a program that the verifier accepts; r0, the metadata and the packet afterwards.
fn run(name: &str, text: &str, packet: &[u8]) -> (i64, Vec<u8>, Vec<u8>) {
    let (hook, code) = (hook(name), assemble(text));
    let unit = Unit { code: &code, hook, maps: &[DEVICES], lines: None };
    if let Err(refusal) = verify(&unit, &Limits::default()) {
        panic!("{refusal}\n{text}");
    }
    let words: Vec<_> = (0..DEVICES.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(0)).collect();
    let map = Map::create(Shm::from_words(&words), &DEVICES).expect("enough memory");
    map.update((&2_u32.to_le_bytes()).into(), (&7_u32.to_le_bytes()).into(), ANY).expect("there is room");
    let program = Program::new(&code).expect("it was accepted");
    let prepared = run_form(&program, hook, packet, map);
    assert_eq!(prepared, run_form(code.as_slice(), hook, packet, map), "the interpreter's two forms\n{text}");
    let (outcome, metadata, packet) = prepared;
    (outcome.r0 as i64, metadata, packet)
}

/// Runs one form of a program.
fn run_form(
    code: &(impl Code + ?Sized),
    hook: &Hook,
    packet: &[u8],
    map: Map<'_>,
) -> (Outcome, Vec<u8>, Vec<u8>) {
    let mut buffer = vec![0xee; ROOM];
    buffer.extend(packet);
    buffer.extend([0xee; ROOM]);
    let mut context = vec![0; hook.context_size as usize];
    let mut place = Packet::new(&mut buffer, ROOM, packet.len()).expect("it fits");
    let outcome = run_on_packet(code, (hook, &mut context), &mut place, &[map], &mut World::default(), 1000);
    (outcome.expect("it was accepted"), place.metadata().to_vec(), place.bytes().to_vec())
}

fn xdp(text: &str) -> (i64, Vec<u8>, Vec<u8>) {
    run("xdp", &format!("r6 = r1\n{text}"), &(0..20).collect::<Vec<u8>>())
}

/// The answer alone.
fn answer(text: &str) -> i64 {
    xdp(&format!("{text}exit\n")).0
}

const LOAD: &str = "r2 = *(u32 *)(r6 + 4)\nr1 = *(u32 *)(r6 + 0)\n";

#[test]
fn a_program_reads_and_writes_its_packet() {
    let text = format!(
        "{LOAD}r0 = -1\nr3 = r1\nr3 += 20\nif r3 > r2 goto out\nr0 = *(u8 *)(r1 + 19)\n*(u16 *)(r1 + 3) = 0x1234\nout:\nexit\n"
    );
    let (r0, metadata, packet) = xdp(&text);
    assert_eq!((r0, metadata.len(), packet.len()), (19, 0, 20));
    assert_eq!(packet[..6], [0, 1, 2, 0x34, 0x12, 5]);
    // One byte less: the comparison says so.
    assert_eq!(run("xdp", &format!("r6 = r1\n{text}"), &[0; 19]).0, -1);
    assert_eq!(answer(&format!("{LOAD}w2 -= w1\nr0 = r2\n")), 20);
}

#[test]
fn the_start_moves() {
    let (r0, _, packet) = xdp("r2 = -4\ncall xdp_adjust_head\nexit\n");
    assert_eq!((r0, packet.len(), &packet[..6]), (0, 24, &[0xee, 0xee, 0xee, 0xee, 0, 1][..]));
    assert_eq!(xdp("r2 = 6\ncall xdp_adjust_head\nexit\n").2[..2], [6, 7]);
    for beyond in [7, -33, i32::MIN] {
        assert_eq!(answer(&format!("r2 = {beyond}\ncall xdp_adjust_head\n")), -22, "{beyond}");
    }
}

#[test]
fn the_end_moves() {
    let (r0, _, packet) = xdp("r2 = 3\ncall xdp_adjust_tail\nexit\n");
    assert_eq!((r0, packet.len(), &packet[19..]), (0, 23, &[19, 0, 0, 0][..]));
    assert_eq!(xdp("r2 = -6\ncall xdp_adjust_tail\nexit\n").2.len(), 14);
    for beyond in [-7, 33, i32::MAX] {
        assert_eq!(answer(&format!("r2 = {beyond}\ncall xdp_adjust_tail\n")), -22, "{beyond}");
    }
}

#[test]
fn metadata_go_with_the_packet() {
    let store = "r0 = 9\nr1 = *(u32 *)(r6 + 0)\nr2 = *(u32 *)(r6 + 8)\nr3 = r2\nr3 += 4\nif r3 > r1 goto out\n\
                 *(u32 *)(r2 + 0) = 0x01020304\n";
    let (r0, metadata, packet) = xdp(&format!(
        "r2 = -4\ncall xdp_adjust_meta\n{store}r1 = r6\nr2 = 2\ncall xdp_adjust_head\nout:\nexit\n"
    ));
    assert_eq!((r0, metadata, packet.len()), (0, vec![4, 3, 2, 1], 18));
    for (by, errno) in [(-3, -13), (-36, -22), (4, -22)] {
        assert_eq!(answer(&format!("r2 = {by}\ncall xdp_adjust_meta\n")), errno, "{by}");
    }
}

#[test]
fn bytes_are_copied_in_and_out() {
    let load = |at| format!("r2 = {at}\nr3 = r10\nr3 += -8\nr4 = 4\ncall xdp_load_bytes\n");
    assert_eq!(answer(&format!("{}r0 = *(u32 *)(r10 - 8)\n", load(16))), 0x1312_1110);
    assert_eq!((answer(&load(16)), answer(&load(17)), answer(&load(-1))), (0, -14, -14));
    let store =
        "*(u32 *)(r10 - 8) = 0x55667788\nr2 = 2\nr3 = r10\nr3 += -8\nr4 = 4\ncall xdp_store_bytes\nexit\n";
    assert_eq!(xdp(store).2[..7], [0, 1, 0x88, 0x77, 0x66, 0x55, 6]);
    assert_eq!(answer("call xdp_get_buff_len\n"), 20);
}

#[test]
fn checksums_change_by_differences() {
    // RFC 1071's example: the sum of 00 01 f2 03 f4 f5 f6 f7 is ddf2 (in this byte order f2dd).
    let bytes = "*(u64 *)(r10 - 8) = 0\nr1 = 0xf7f6f5f403f20100 ll\n*(u64 *)(r10 - 8) = r1\n";
    let text = format!("{bytes}r1 = 0\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 0\ncall csum_diff\n");
    assert_eq!(answer(&text), 0xf2dd);
    // What is taken away and added again leaves the seed.
    let text = format!(
        "{bytes}r1 = r10\nr1 += -8\nr2 = 8\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 0x1234\ncall csum_diff\n"
    );
    assert_eq!(answer(&text), 0x1234);
    let text = format!("{bytes}r1 = r10\nr1 += -8\nr2 = 6\nr3 = 0\nr4 = 0\nr5 = 0\ncall csum_diff\n");
    assert_eq!(answer(&text), -22);
}

#[test]
fn packets_are_redirected_where_something_is_set() {
    let by = |key, flags| format!("r1 = map[0] ll\nr2 = {key}\nr3 = {flags}\ncall redirect_map\n");
    assert_eq!((answer(&by(2, 0)), answer(&by(1, 2)), answer(&by(9, 0))), (4, 2, 0));
    assert_eq!((answer(&by(1, 8)), answer(&by(2, 64))), (4, 0));
    let found = |key| {
        format!(
            "*(u32 *)(r10 - 4) = {key}\nr1 = map[0] ll\nr2 = r10\nr2 += -4\ncall map_lookup_elem\nif r0 == 0 goto 1\nr0 = *(u32 *)(r0 + 0)\n"
        )
    };
    assert_eq!((answer(&found(2)), answer(&found(1))), (7, 0));
    assert_eq!(
        (answer("r1 = 3\nr2 = 0\ncall redirect\n"), answer("r1 = 3\nr2 = 1\ncall redirect\n")),
        (4, 0)
    );
}

#[test]
fn legacy_loads_take_big_endian_numbers_or_end_the_program() {
    let packet: Vec<u8> = (0..20).collect();
    let run = |text: &str| run("socket", &format!("r6 = r1\n{text}\nr0 += 1\nexit\n"), &packet).0;
    let absolute = |op: u8, at: i32| run(&format!(".insn op={op:#x} imm={at}"));
    let (byte, half, word) = (0x30, 0x28, 0x20);
    assert_eq!([absolute(byte, 19), absolute(half, 18), absolute(word, 16)], [0x14, 0x1214, 0x1011_1214]);
    // One byte beyond the end, and before the start: the addition is not reached.
    assert_eq!([absolute(byte, 20), absolute(half, 19), absolute(word, 17), absolute(byte, -1)], [0; 4]);
    // From the network header on (SKF_NET_OFF), from the link layer's (SKF_LL_OFF).
    assert_eq!([absolute(byte, -0x10_0000), absolute(half, -0x20_0000 + 2)], [15, 0x0204]);
    assert_eq!([absolute(byte, -0x10_0000 + 6), absolute(byte, i32::MIN), absolute(byte, i32::MAX)], [0; 3]);
    let indexed = |register: i64, at: i32| run(&format!("r7 = {register}\n.insn op=0x50 src=7 imm={at}"));
    assert_eq!([indexed(3, 4), indexed(-1, 4), indexed(4, -4)], [8, 4, 1]);
    assert_eq!([indexed(16, 4), indexed(i64::from(i32::MAX), 1)], [0; 2]);
}

#[test]
fn no_route_is_known() {
    let lookup = |family: u8, bytes: u32, flags: u32| {
        let fill = [8, 16, 24, 32, 40, 48, 56, 64].map(|at| format!("*(u64 *)(r10 - {at}) = 0")).join("\n");
        answer(&format!(
            "{fill}\n*(u8 *)(r10 - 64) = {family}\nr1 = r6\nr2 = r10\nr2 += -64\nr3 = {bytes}\nr4 = {flags}\ncall fib_lookup\n"
        ))
    };
    // BPF_FIB_LKUP_RET_NOT_FWDED; EAFNOSUPPORT, and EINVAL for what is too short or a flag that there is not.
    assert_eq!([lookup(2, 64, 0), lookup(10, 64, 1), lookup(1, 64, 0)], [4, 4, -97]);
    assert_eq!([lookup(2, 63, 0), lookup(2, 64, 64)], [-22; 2]);
}

#[test]
fn socket_filters_load_bytes_and_keep_scratch() {
    let packet: Vec<u8> = (0..20).collect();
    let load = |at: i32, from: &str| {
        format!(
            "r6 = r1\n*(u32 *)(r6 + 48) = 5\nr2 = {at}\nr3 = r10\nr3 += -2\nr4 = 2\n{from}\nif r0 != 0 goto out\nr0 = *(u16 *)(r10 - 2)\nr1 = *(u32 *)(r6 + 48)\nr0 += r1\nout:\nexit\n"
        )
    };
    let run = |at, from| run("socket", &load(at, from), &packet).0;
    assert_eq!((run(12, "call skb_load_bytes"), run(19, "call skb_load_bytes")), (0x0d0c + 5, -14));
    assert_eq!(run(1, "r5 = 1\ncall skb_load_bytes_relative"), 0x100f + 5);
    assert_eq!(run(1, "r5 = 2\ncall skb_load_bytes_relative"), -14);
}
