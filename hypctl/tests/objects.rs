//! What is read from an object does, in the interpreter, what its source says.

mod common;

use std::{fs, sync::atomic::AtomicU64};

use bpf_runtime::{
    bundle::Bundle,
    interp::{Env, Program, Target, run, run_chain},
    map::{Map, MapKind},
};
use common::{LIBBPF, compile, examples, have_clang};
use hypctl::elf::{self, Object};
use proptest::prelude::*;
use shm::Shm;
use tempfile::TempDir;

/// Collects what is printed.
#[derive(Default)]
struct Printed(Vec<String>);

impl Env for Printed {
    fn now_ns(&mut self) -> u64 {
        1
    }
    fn random_u32(&mut self) -> u32 {
        4
    }
    fn cpu(&mut self) -> u32 {
        0
    }
    fn trace(&mut self, text: &[u8]) {
        self.0.push(String::from_utf8_lossy(text).into_owned());
    }
}

/// Compiles and reads C text.
fn read(source: &str) -> Object {
    let dir = TempDir::new().expect("temporary folder");
    let file = compile(dir.path(), "fixture", source);
    elf::read("fixture.o", &fs::read(file).expect("compiled")).expect("reads")
}

/// A device made of an object: its maps and its first program, by way of a bundle.
struct Device {
    memory: Vec<Vec<AtomicU64>>,
    bundle: Vec<u8>,
    printed: Printed,
}

impl Device {
    fn new(object: &Object) -> Self {
        let bundle = elf::bundle(&object.contents).expect("fits a bundle");
        let mut memory = Vec::new();
        for map in Bundle::parse(&bundle).expect("parses").maps() {
            let words =
                (0..map.spec.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
            let made = Map::create(Shm::from_words(&words), &map.spec).expect("is made");
            if map.spec.kind == MapKind::Array {
                made.set_contents(map.initial).expect("fits");
            }
            memory.push(words);
        }
        Self { memory, bundle, printed: Printed::default() }
    }

    fn maps(&self) -> Vec<Map<'_>> {
        self.memory.iter().map(|words| Map::open(Shm::from_words(words)).expect("opens")).collect()
    }

    /// Runs the program called `name` with a context of four words; gives its answer.
    fn run(&mut self, name: &str, context: [u64; 4]) -> u64 {
        let bundle = Bundle::parse(&self.bundle).expect("parses");
        let program = bundle.programs().find(|p| p.name == name).expect("is there");
        let code: Vec<_> = program.insns().collect();
        let code = Program::new(&code).expect("decodes");
        let context: Vec<u8> = context.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut printed = std::mem::take(&mut self.printed);
        let outcome = run(&code, &context, &self.maps(), &mut printed, 100_000).expect("runs");
        self.printed = printed;
        outcome.r0
    }

    /// The words of the map called `name`.
    fn words(&self, name: &str) -> Vec<u64> {
        let bundle = Bundle::parse(&self.bundle).expect("parses");
        let index = bundle.maps().position(|m| m.name == name).expect("is there");
        let map = self.maps()[index];
        let (mut found, mut cursor, mut value) = (Vec::new(), 0, [0; 8]);
        while let Some(next) = map.next(cursor, &mut [0; 16], &mut value) {
            found.push(u64::from_le_bytes(value));
            cursor = next;
        }
        found
    }
}

fn example(name: &str) -> Object {
    read(&fs::read_to_string(examples().join(name)).expect("is there"))
}

#[test]
fn the_ticker_counts_prints_and_sends() {
    if !have_clang() {
        return;
    }
    let object = example("tick.bpf.c");
    let names: Vec<_> = object.contents.maps.iter().map(|m| m.name.as_str()).collect();
    let events = names.iter().position(|name| *name == "events").expect("is there");
    assert!(names.len() == 3 && names.contains(&"counts") && names[2] == ".rodata", "{names:?}");
    let mut device = Device::new(&object);
    for tick in 0..200 {
        // now, scheduled, period: each fourth comes late.
        let late = if tick % 4 == 0 { 25 } else { 5 };
        assert_eq!(device.run("tick", [1000 + late, 1000, 10, tick]), 0);
    }
    assert_eq!(device.words("counts"), [200, 50]);
    assert_eq!(device.printed.0, ["tick 100, 5 ns late", "tick 200, 5 ns late"]);
    let mut records = Vec::new();
    let (maps, mut record) = (device.maps(), [0; 16]);
    let ring = maps[events].ring().expect("a ring buffer");
    while ring.consume(&mut record) == Some(16) {
        records.push(record[8]);
    }
    assert_eq!(
        records,
        [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200]
    );
}

#[test]
fn the_console_counter_counts_bytes() {
    if !have_clang() {
        return;
    }
    let mut device = Device::new(&example("console.bpf.c"));
    let data = u64::from_le_bytes(*b"hello, h");
    for _ in 0..3 {
        assert_eq!(device.run("console", [0, 8 << 32, data, 0]), 0);
    }
    let mut counts = device.words("bytes");
    counts.sort_unstable();
    assert_eq!(counts, [3, 3, 3, 3, 6, 6], "e o , space once; h l twice");
}

#[test]
fn globals_are_maps_that_keep_their_values() {
    if !have_clang() {
        return;
    }
    let object = read(&format!(
        "{LIBBPF}
        int zero; long seven = 7; static volatile const int table[4] = {{1, 20, 300, 4000}};
        SEC(\"timer\") int f(__u64 *c) {{ zero++; seven += zero; return seven + table[c[0] & 3]; }}"
    ));
    let maps: Vec<_> = object
        .contents
        .maps
        .iter()
        .map(|m| (m.name.as_str(), m.spec.value_size, m.spec.is_read_only()))
        .collect();
    assert_eq!(maps.len(), 3);
    for expected in [(".bss", 4, false), (".data", 8, false), (".rodata", 16, true)] {
        assert!(maps.contains(&expected), "{expected:?} in {maps:?}");
    }
    let mut device = Device::new(&object);
    assert_eq!(device.run("f", [3, 0, 0, 0]), 7 + 1 + 4000);
    assert_eq!(device.run("f", [1, 0, 0, 0]), 8 + 2 + 20);
}

#[test]
fn functions_are_linked_in_once_wherever_they_lie() {
    if !have_clang() {
        return;
    }
    let object = read(&format!(
        "{LIBBPF}
        __noinline int twice(int a) {{ return a * 2; }}
        static __noinline int thrice(int a) {{ return twice(a) + a; }}
        SEC(\"timer\") static __noinline int near(int a) {{ return thrice(a) + 1; }}
        SEC(\"timer/one\") int one(__u64 *c) {{ return twice(c[0]) + thrice(c[0]); }}
        SEC(\"timer\") int two(__u64 *c) {{ return near(c[0]) + near(c[1]) + twice(c[0]); }}
        SEC(\"serial\") int three(__u64 *c) {{ return c[0]; }}"
    ));
    let programs: Vec<_> =
        object.contents.programs.iter().map(|p| (p.name.as_str(), p.hook.as_str())).collect();
    let mut sorted = programs.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [("one", "timer"), ("three", "serial"), ("two", "timer")]);
    assert_eq!(object.sections.iter().filter(|s| *s == "timer/one").count(), 1);
    let mut device = Device::new(&object);
    assert_eq!(device.run("one", [10, 0, 0, 0]), 20 + 30);
    assert_eq!(device.run("two", [10, 100, 0, 0]), 31 + 301 + 20);
    assert_eq!(device.run("three", [9, 0, 0, 0]), 9);
}

#[test]
fn recursion_is_linked_and_left_to_the_verifier() {
    if !have_clang() {
        return;
    }
    let object = read(&format!(
        "{LIBBPF}
        __noinline int odd(int a); int deep;
        __noinline int even(int a) {{ deep++; return a == 0 ? 1 : odd(a - 1); }}
        __noinline int odd(int a) {{ deep++; return a == 0 ? 0 : even(a - 1); }}
        SEC(\"timer\") int f(__u64 *c) {{ return even(c[0]) + 2 * odd(c[0]); }}"
    ));
    assert_eq!(Device::new(&object).run("f", [4, 0, 0, 0]), 1);
}

#[test]
fn map_kinds_and_ways_to_write_them() {
    if !have_clang() {
        return;
    }
    let object = read(&format!(
        "{LIBBPF}
        typedef struct {{ __u8 a[3]; }} key;
        struct {{ __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 9); __type(key, key); __type(value, long[2][3]);
                  __uint(map_flags, BPF_F_NO_PREALLOC); }} h SEC(\".maps\");
        struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(key_size, 4); __uint(value_size, 24);
                  __uint(max_entries, 2); }} a SEC(\".maps\");
        static struct {{ __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096);
                  __uint(pinning, LIBBPF_PIN_BY_NAME); }} r SEC(\".maps\");
        SEC(\"timer\") int f(void *c) {{ int k = 1; __u64 *v = bpf_map_lookup_elem(&a, &k);
            if (v) v[2] = 5; bpf_ringbuf_output(&r, &k, 4, 0); return v ? v[2] : 0; }}"
    ));
    let maps: Vec<_> = object.contents.maps.iter().map(|m| (m.name.as_str(), m.spec)).collect();
    let by = |name: &str| maps.iter().find(|m| m.0 == name).expect("is there").1;
    assert_eq!(
        (by("h").kind, by("h").key_size, by("h").value_size, by("h").flags),
        (MapKind::Hash, 3, 48, 1)
    );
    assert_eq!((by("a").kind, by("a").key_size, by("a").value_size), (MapKind::Array, 4, 24));
    assert_eq!((by("r").kind, by("r").max_entries), (MapKind::RingBuf, 4096));
    assert_eq!(Device::new(&object).run("f", [0; 4]), 5);
}

#[test]
fn recent_bytes_are_kept_and_sent() {
    if !have_clang() {
        return;
    }
    let object = example("recent.bpf.c");
    let kinds: Vec<_> = object.contents.maps.iter().map(|m| (m.name.as_str(), m.spec.kind)).collect();
    for expected in [
        ("recent", MapKind::LruHash),
        ("ports", MapKind::PercpuArray),
        ("samples", MapKind::PerfEventArray),
        ("rest", MapKind::ProgArray),
    ] {
        assert!(kinds.contains(&expected), "{kinds:?}");
    }
    let mut device = Device::new(&object);
    for byte in 0..100 {
        device.run("recent_bytes", [byte, 1 << 32, byte, 0]);
    }
    let mut last = device.words("recent");
    last.sort_unstable();
    assert_eq!(last, (84..100).collect::<Vec<_>>(), "the last 16 bytes, with their times");
    assert_eq!(device.words("ports"), [100, 0]);
    let samples = kinds.iter().position(|(name, _)| *name == "samples").expect("is there");
    let (maps, mut sample) = (device.maps(), [0; 64]);
    let ring = maps[samples].ring().expect("has a ring");
    let mut bytes = Vec::new();
    while ring.consume(&mut sample) == Some(16) {
        bytes.push(sample[8]);
    }
    assert_eq!(bytes, (0..100).filter(|byte| byte % 10 == 0).collect::<Vec<_>>());
}

#[test]
fn tail_calls_of_an_object() {
    if !have_clang() {
        return;
    }
    let object = read(&format!(
        "{LIBBPF}
        struct {{ __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __type(key, int);
                  __type(value, int); }} next SEC(\".maps\");
        SEC(\"timer\") int a(__u64 *c) {{ bpf_tail_call(c, &next, c[0]); return 5; }}
        SEC(\"timer\") int b(__u64 *c) {{ return 100 + c[1]; }}"
    ));
    let mut device = Device::new(&object);
    assert_eq!(device.run("a", [1, 9, 0, 0]), 5, "nothing to go over to");
    let bundle = Bundle::parse(&device.bundle).expect("parses");
    let maps = device.maps();
    maps[0].update((&[1, 0, 0, 0]).into(), (&[2, 0, 0, 0]).into(), 0).expect("is an array");
    let programs: Vec<_> = bundle
        .programs()
        .map(|program| Program::new(&program.insns().collect::<Vec<_>>()).expect("decodes"))
        .collect();
    let program = |number: u32| {
        let code = programs.get((number as usize).checked_sub(1)?)?;
        Some(Target { code, maps: &maps, fuel: 100 })
    };
    let first = program(1).expect("is there");
    let mut context = [0; 32];
    (context[0], context[8]) = (1, 9);
    let outcome = run_chain(first, program, &context, &mut Printed::default()).expect("runs");
    assert_eq!(outcome.r0, 109);
}

#[test]
fn lines_name_the_source() {
    if !have_clang() {
        return;
    }
    let object = example("tick.bpf.c");
    let lines = &object.contents.programs[0].lines;
    let reserve = lines.iter().find(|l| l.text.contains("bpf_ringbuf_reserve")).expect("has the line");
    assert_eq!(reserve.file, "fixture.c");
    assert!(reserve.line > 10 && reserve.column > 1);
    // The static function behind the program has its lines too.
    let add = lines.iter().find(|l| l.text.contains("__sync_fetch_and_add")).expect("has the line");
    assert!(add.insn > reserve.insn);
    assert!(lines.is_sorted_by_key(|l| l.insn));
}

#[test]
fn line_information_that_does_not_fit_is_left_out() {
    if !have_clang() {
        return;
    }
    let step = |i| format!("x ^= c[{}] * {i}; /* {} */\n", i % 4, "long ".repeat(20));
    let body = (0..700).map(step).collect::<Vec<_>>().concat();
    let object = read(&format!(
        "{LIBBPF}SEC(\"timer\") int f(__u64 *c) {{ volatile __u64 x = 0;\n{body} return x; }}"
    ));
    assert!(object.contents.write().is_err(), "with all texts it is too long");
    let bundle = elf::bundle(&object.contents).expect("fits without");
    assert_eq!(Bundle::parse(&bundle).expect("parses").programs().count(), 1);
}

/// The example objects as files, for mutation.
fn example_bytes() -> Vec<u8> {
    let dir = TempDir::new().expect("temporary folder");
    let source = fs::read_to_string(examples().join("tick.bpf.c")).expect("is there");
    fs::read(compile(dir.path(), "fixture", &source)).expect("compiled")
}

#[test]
fn no_damage_panics() {
    if !have_clang() {
        return;
    }
    let good = example_bytes();
    let run = |mut bytes: Vec<u8>, at: usize, with: u8| {
        bytes[at] = with;
        if let Ok(object) = elf::read("damaged.o", &bytes) {
            let _ = elf::bundle(&object.contents);
        }
    };
    for at in 0..good.len() {
        for with in [0, 0x7f, 0xff] {
            run(good.clone(), at, with);
        }
    }
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    proptest!(|(changes in changes)| {
        let mut bytes = good.clone();
        for (at, with) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *with;
        }
        run(bytes, 0, 0x7f);
    });
}
