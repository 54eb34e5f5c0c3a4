//! Maps that an attacker shares with another program, and what its own cell says of itself, filled with noise.

use anyhow::{Result, ensure};
use hypctl::elf;
use hypos_tests::bpf;

use crate::{
    order::{ATTACKER, FURTHER, Kind, Order, Range},
    outcome::words,
    scene::Scene,
    table::{Row, check},
};

/// Uses each kind of map that it shares; counts in a map of its own.
const USER: &str = "struct long_key { __u64 a, b, c; };\n\
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 50); __type(key, __u64); __type(value, __u64); } shared_hash SEC(\".maps\");\n\
    struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 50); __type(key, struct long_key); __type(value, __u64); } shared_lru SEC(\".maps\");\n\
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 50); __type(key, __u32); __type(value, __u64); } shared_array SEC(\".maps\");\n\
    struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } shared_ring SEC(\".maps\");\n\
    SEC(\"timer\") int user(struct hypos_timer *ctx) {\n\
    struct long_key k = { ctx->count % 70, 1, 2 }; __u64 key = ctx->count % 70, *v; __u32 index = ctx->count % 50;\n\
    bpf_map_update_elem(&shared_hash, &key, &key, 0); v = bpf_map_lookup_elem(&shared_hash, &key); if (v) *v += 1;\n\
    key = (key + 35) % 70; bpf_map_delete_elem(&shared_hash, &key);\n\
    bpf_map_update_elem(&shared_lru, &k, &key, 0); v = bpf_map_lookup_elem(&shared_lru, &k); if (v) *v += 1;\n\
    k.a = (k.a + 35) % 70; bpf_map_delete_elem(&shared_lru, &k);\n\
    v = bpf_map_lookup_elem(&shared_array, &index); if (v) *v += 1;\n\
    bpf_ringbuf_output(&shared_ring, &k, sizeof(k), 0);\n\
    v = bpf_ringbuf_reserve(&shared_ring, 64, 0); if (v) { *v = 1; bpf_ringbuf_submit(v, 0); }\n\
    return 0; }\n";
const SHARED: [&str; 4] = ["shared_hash", "shared_lru", "shared_array", "shared_ring"];

/// The shared maps' memory in the attacker's cell, whole pages each, headers and all.
fn shared(contents: &bpf_runtime::bundle::Contents, skip: u64) -> Vec<Range> {
    let mut at = FURTHER;
    let bytes = contents.maps.iter().map(|map| map.spec.memory_bytes() as u64);
    bytes
        .map(|bytes| {
            let range = Range { start: at + skip, step: 0, count: bytes / 8 * 8 - skip };
            at += bytes.next_multiple_of(4096);
            range
        })
        .collect()
}

/// Attaches both and lets them run side by side.
fn side_by_side(scene: &mut Scene, skip: u64) -> Result<()> {
    let object = bpf::compile(scene.dir.path(), "user", USER)?;
    let contents = elf::read("user", &std::fs::read(&object)?)?.contents;
    let order = Order::each_event(Kind::Scribble, &shared(&contents, skip));
    scene.load(&order.bundle(contents)?)?;
    for program in ["user", ATTACKER] {
        scene.hypctl(&["prog", "attach", program, "timer", "--period", "1ms"])?;
    }
    for _ in 0..5 {
        scene.counts_up("user")?;
        scene.counts_up(ATTACKER)?;
        for map in SHARED {
            // Whatever it says: it answers.
            let _ = scene.hypctl(&["map", "dump", map]);
        }
        scene.trace()?;
        scene.json(&["status"])?;
    }
    Ok(())
}

fn whole(scene: &Scene, program: &str) -> Result<()> {
    let now = scene.program(program)?;
    ensure!(now["state"] == "running" && now["faults"] == 0, "{now}");
    Ok(())
}

fn apart(scene: &mut Scene) -> Result<()> {
    for program in ["user", ATTACKER] {
        scene.hypctl(&["prog", "detach", program])?;
        scene.answered_more(scene.runs(program)?);
    }
    scene.take_away(&["user", ATTACKER])
}

#[test]
fn noise_in_shared_maps() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut table = Vec::new();
    for (skip, what) in [(64, "the entries of"), (0, "all memory, headers too, of")] {
        side_by_side(&mut scene, skip)?;
        whole(&scene, "user")?;
        whole(&scene, ATTACKER)?;
        apart(&mut scene)?;
        let attack =
            format!("noise in {what} a hash map, an LRU, an array and a ring that another program uses");
        table.push(Row::native(attack, 0, "both go on; agent and host read on"));
    }
    table.extend(own_words(&mut scene)?);
    scene.end()?;
    check("maps", &table)
}

/// What it counts and prints: the page that the agent reads.
fn own_words(scene: &mut Scene) -> Result<Vec<Row>> {
    // Where the ring of what is printed lies, and the largest power of two behind its header (`shm::ring`).
    let (ring, data) = (cell::OUT.vaddr + 64, 1_u64 << 13);
    ensure!(data < cell::OUT.pages * 4096 - 128, "it has room");
    let noise = Range { start: cell::OUT.vaddr, step: 0, count: cell::OUT.pages * 4096 };
    let orders = [
        (Order::each_event(Kind::Scribble, &[noise]), "noise in its counts and in what it prints"),
        (
            Order::each_event(Kind::Flood, &[]).args(&[ring, data]),
            "prints records of no bytes, faster than they are read",
        ),
    ];
    let mut table = Vec::new();
    for (order, what) in orders {
        scene.load(&order.bundle(bpf_runtime::bundle::Contents::default())?)?;
        scene.hypctl(&["prog", "attach", ATTACKER, "timer", "--period", "200us"])?;
        for _ in 0..5 {
            scene.trace()?;
            scene.json(&["status"])?;
            scene.json(&["prog", "list"])?;
            scene.counts_up("victim")?;
        }
        scene.hypctl(&["prog", "detach", ATTACKER])?;
        whole(scene, ATTACKER)?;
        scene.answered_more(words(&scene.log()?)[0]);
        scene.take_away(&[ATTACKER])?;
        table.push(Row::native(what, 0, "goes on; agent and host read on"));
    }
    Ok(table)
}
