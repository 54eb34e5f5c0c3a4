//! Bytecode that the verifier would refuse.

use anyhow::Result;
use hypctl::elf;
use hypos_tests::bpf;

use crate::{
    machine::Machine,
    outcome::short,
    scene::Scene,
    table::{Row, check},
};

/// What each of them begins with: a map, and numbers that the compiler knows nothing of.
const HEAD: &str = "struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u64); __type(value, __u64); } wild_map SEC(\".maps\");\n\
    struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } wild_ring SEC(\".maps\");\n\
    static __always_inline __u64 some(__u64 n) { asm volatile(\"\" : \"+r\"(n)); return n; }\n";

/// Name, body; by their outcome they are told apart in the table.
const PROGRAMS: [(&str, &str); 16] = [
    ("reads null", "return *(volatile __u64 *)some(0);"),
    ("reads the kernel's memory", "return *(volatile __u64 *)some(KERNEL);"),
    ("reads another program's image", "return *(volatile __u64 *)some(0x10210000);"),
    ("writes its own code", "*(volatile __u64 *)some(0x10200200) = 0; return 0;"),
    ("writes the cells' program", "*(volatile __u64 *)some(0x400000) = 0; return 0;"),
    ("writes the clock", "bpf_ktime_get_ns(); *(volatile __u64 *)some(0x10030000) = 0; return 0;"),
    ("writes below its stack", "*(volatile __u64 *)some(0x100fc000) = 0; return 0;"),
    (
        "writes behind its map",
        "__u64 k = 1, *v; bpf_map_update_elem(&wild_map, &k, &k, 0); v = bpf_map_lookup_elem(&wild_map, &k);\n\
        if (!v) return 0; *(volatile __u64 *)((char *)v + some(0x100000)) = 0; return 0;",
    ),
    ("a key at null", "return (long)bpf_map_lookup_elem(&wild_map, (void *)some(8));"),
    ("a key in the kernel", "return (long)bpf_map_lookup_elem(&wild_map, (void *)some(KERNEL));"),
    (
        "a value that is nowhere",
        "__u64 k = 1; return bpf_map_update_elem(&wild_map, &k, (void *)some(0x50000000), 0);",
    ),
    ("a map that is none", "__u64 k = 1; return (long)bpf_map_lookup_elem((void *)some(77), &k);"),
    ("a record of 2^40 bytes", "__u64 k = 1; return bpf_ringbuf_output(&wild_ring, &k, some(1ul << 40), 0);"),
    ("a record that was never reserved", "bpf_ringbuf_submit((void *)some(0x10000), 0); return 0;"),
    ("prints a format that is nowhere", "return bpf_trace_printk((void *)some(0x50000000), some(64));"),
    ("a loop without an end", "while (some(1)) some(2); return 0;"),
];

#[test]
fn bytecode_that_the_verifier_would_refuse() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut table = Vec::new();
    for (what, body) in PROGRAMS {
        let kernel = Machine::get().kernel_place();
        let source = format!(
            "#define KERNEL {kernel:#x}ul\n{HEAD}SEC(\"timer\") int wild(struct hypos_timer *ctx) {{ {body} }}\n"
        );
        let object = bpf::compile(scene.dir.path(), "wild", &source)?;
        let contents = elf::read("wild", &std::fs::read(&object)?)?.contents;
        scene.load(&contents)?;
        let outcome = scene.run("wild", |_, program| Ok(program["faults"] != 0 || program["runs"] != 0))?;
        let runs = scene.runs("wild")?;
        // A run that used its budget up is counted, and not answered.
        let over = outcome.stops.iter().any(|stop| stop.starts_with("over its budget"));
        scene.answered_more(if over { runs - outcome.faults } else { runs });
        scene.take_away(&["wild"])?;
        let became = outcome.stops.first().map_or("goes on".to_owned(), |stop| short(stop));
        table.push(Row::bytecode(what, 1, became));
    }
    scene.end()?;
    check("bytecode", &table)
}
