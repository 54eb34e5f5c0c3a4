//! A short run of each of the fuzzer's targets, with stable Rust: seeds, and damage to them.
use std::{path::Path, process::Command};

use bpf_runtime::{
    bundle::{Contents, LineContents, MapContents, ProgramContents},
    isa::Insn,
    map::{MapKind, MapSpec},
};
use fuzz_targets::{Target, assemble, bundle, elf, engines, map, mutate::Damage, program, verifier};

/// Runs a target on seeds and on `cases` damaged ones; how many of these came to their end.
fn run(target: fn(&[u8]) -> bool, seeds: &[Vec<u8>], cases: u64) -> u64 {
    assert!(seeds.iter().all(|seed| target(seed)), "a seed is refused");
    let damaged = (0..cases).map(|case| {
        let mut damage = Damage::new(case);
        let seed = damage.below(seeds.len());
        damage.to(&seeds[seed])
    });
    damaged.map(|bytes| u64::from(target(&bytes))).sum()
}

fn encoded(text: &str) -> Vec<u8> {
    assemble(text).into_iter().flat_map(Insn::to_bytes).collect()
}

const PROGRAMS: [&str; 4] = [
    "r0 = *(u64 *)(r1 + 0)\nr0 &= 7\nr2 = r10\nr2 -= r0\n*(u8 *)(r2 - 1) = 1\nexit\n",
    "r0 = 0\nagain:\nr0 += 3\nif w0 s< 50 goto again\nr0 s/= 7\nr0 = (s8)r0\nexit\n",
    "*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n\
     *(u64 *)(r0 + 8) = 3\nr7 = 1\nlock *(u64 *)(r0 + 0) += r7\nout:\nr0 = 0\nexit\n",
    "r1 = map[2] ll\nr2 = 16\nr3 = 0\ncall ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r0 + 8) = 5\nr1 = r0\n\
     r2 = 0\ncall ringbuf_submit\nout:\nr0 = 0\nexit\n",
];

#[test]
fn instructions() {
    // The first byte chooses the hook.
    let seeds = PROGRAMS.map(|text| [vec![0], encoded(text)].concat());
    let accepted = run(verifier, &seeds, 20_000);
    assert!((100..15_000).contains(&accepted), "{accepted} accepted");
}

#[test]
fn programs() {
    let accepted = (0..2_000).filter(|case| program(&Damage::new(*case).bytes(200))).count();
    assert!((50..1_900).contains(&accepted), "{accepted} accepted");
}

#[test]
fn engines_agree() {
    let compared = (0..1_000).filter(|case| engines(&Damage::new(*case).bytes(200))).count();
    assert!((50..900).contains(&compared), "{compared} compared");
}

/// A map's description and what is done to it.
fn map_seed(kind: MapKind, sizes: [u32; 3]) -> Vec<u8> {
    let words = [kind as u32, sizes[0], sizes[1], sizes[2], 0];
    let mut seed: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut damage = Damage::new(u64::from(words[0]));
    // Few keys, so that they meet.
    seed.extend((0..600).map(|i| damage.below(if i % 4 == 1 { 12 } else { 256 }) as u8));
    seed
}

#[test]
fn maps() {
    let keyed = |kind| match kind {
        MapKind::RingBuf => [0, 0, 1024],
        MapKind::Hash | MapKind::PercpuHash | MapKind::LruHash | MapKind::LruPercpuHash => [3, 20, 8],
        // The number of bits that count, and two bytes.
        MapKind::LpmTrie => [6, 4, 8],
        _ => [4, 4, 8],
    };
    let seeds: Vec<_> = MapKind::ALL.iter().map(|kind| map_seed(*kind, keyed(*kind))).collect();
    let made = run(map, &seeds, 20_000);
    assert!((2_000..19_900).contains(&made), "{made} made");
}

#[test]
fn bundles() {
    let array = MapSpec { kind: MapKind::Array, key_size: 4, value_size: 16, max_entries: 2, flags: 0 };
    let line =
        LineContents { file: "tick.bpf.c".into(), line: 3, column: 1, text: "return 0;".into(), insn: 0 };
    let program = |name: &str, text| ProgramContents {
        name: name.into(),
        hook: "timer".into(),
        code: assemble(text),
        strict: false,
        lines: vec![line.clone(), LineContents { insn: 2, ..line.clone() }],
    };
    let contents = Contents {
        name: "tick.bpf.o".into(),
        version: 1,
        maps: vec![MapContents { name: "counts".into(), spec: array, initial: vec![1, 2, 3] }],
        programs: vec![program("tick", PROGRAMS[0]), program("tock", PROGRAMS[1])],
    };
    let read = run(bundle, &[contents.write().unwrap()], 30_000);
    assert!((100..29_000).contains(&read), "{read} read");
}

#[test]
fn objects() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let compiled = |name: &str, options: &[&str]| {
        let (source, object) = (format!("../../examples/{name}.bpf.c"), folder.join(format!("{name}.o")));
        let headers = format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH);
        let done = Command::new(std::env::var("CLANG").unwrap_or_else(|_| "clang-19".into()))
            .args([
                "-O2",
                "-target",
                "bpf",
                "-mcpu=v3",
                "-I../../examples/include",
                &headers,
                "-c",
                &source,
                "-o",
            ])
            .arg(&object)
            .args(options)
            .status();
        done.is_ok_and(|status| status.success()).then(|| std::fs::read(object).unwrap())
    };
    let [Some(tick), Some(console)] = ["tick", "console"].map(|name| compiled(name, &["-g"])) else {
        eprintln!("skipped: clang-19 or libbpf-dev is missing");
        return;
    };
    let read = run(elf, &[tick, console], 10_000);
    assert!((100..9_900).contains(&read), "{read} read");
}

/// Nothing but random bytes, for all of them.
#[test]
fn noise() {
    for (name, target) in fuzz_targets::TARGETS as [Target; 6] {
        let seen = (0..3_000).filter(|case| target(&Damage::new(*case).bytes(300))).count();
        println!("{name}: {seen} of 3000 came to their end");
    }
}
