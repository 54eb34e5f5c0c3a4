//! Stands in the place of the agent, with its capabilities, and counts what it may ask of the root task: cells of a program of
//! two instructions, and a service built again.
//!
//! Figures are in ticks, each the least of several runs; under `-icount shift=0` a nanosecond is an instruction.

use agent::{COUNTERS, HOOKS, LEDGER, REPORT, ROOT, TICK};
use bpf_runtime::{
    isa::Insn,
    jit::{self, Checks, Options, Target},
};
use cell::{
    CELLS, FUEL,
    hook::Hook,
    image::{self, Header},
    ledger::{Access, Grant, IMAGES, Ledger, Meta, NAME, Program},
};
use report::{Report, control::Request, counters::Counters};
use svc::{clock, region};

svc::service!(main);
// What the compiler works with.
svc::heap!(64 * 1024);

const RUNS: u32 = 16;
const PAGE: usize = 4096;
/// The number of the hook whose owner the client stands for.
const HOOK: u32 = 1;
/// The service that is built again: its place in the table.
const METRICS: u32 = 3;
/// `return 7`.
const PROGRAM: [[u8; 8]; 2] = [[0xb7, 0, 0, 0, 7, 0, 0, 0], [0x95, 0, 0, 0, 0, 0, 0, 0]];
/// The owner of the hook in `COUNTERS`.
const CLIENT: usize = 1;

fn main() -> ! {
    (0..CELLS).for_each(note);
    svc::ready();
    show("spawn", || {
        let ticks = ask(Request::Spawn { cell: 0 });
        ask(Request::Kill { cell: 0 });
        ticks
    });
    show("kill", || {
        ask(Request::Spawn { cell: 0 });
        ask(Request::Kill { cell: 0 })
    });
    show("rebuild", || ask(Request::Restart { service: METRICS }));
    replace();
    let all: u64 = (2..CELLS as u32).map(|cell| ask(Request::Spawn { cell })).sum();
    let summary = Report::new(region(REPORT)).summary().expect("a page holds a report");
    log::info!("bench cells {}", all / (CELLS as u64 - 2));
    log::info!("bench memory {}", summary.memory_used >> 10);
    log::info!("bench cells done");
    loop {
        svc::wait(agent::EVENTS);
    }
}

/// Logs `bench NAME TICKS`, the least of several runs.
fn show(name: &str, mut work: impl FnMut() -> u64) {
    let least = (0..RUNS).fold(u64::MAX, |least, _| least.min(work()));
    log::info!("bench {name} {least}");
}

/// Asks the root task; gives how many ticks that took.
fn ask(request: Request) -> u64 {
    let (label, words) = request.encode();
    let begin = clock::ticks();
    let answer = svc::call(ROOT, label, words);
    let ticks = clock::ticks() - begin;
    assert!(answer.is_ok_and(|answer| answer.label() == 0), "{request:?} was refused");
    ticks
}

/// The owner of the hook does an event whenever it is signalled, and notes when it began and ended: what lies between the
/// last one that went to one cell and the first one that goes to another.
fn replace() {
    let hook = Hook::new(region(HOOKS), HOOK).expect("a page holds all hooks");
    ask(Request::Spawn { cell: 0 });
    ask(Request::Spawn { cell: 1 });
    ask(Request::Attach { cell: 0, hook: HOOK, place: 0 });
    hook.attach(0, 0, 1_000_000);
    // It runs its own benchmarks first: it has the higher priority.
    svc::signal(TICK);
    let times = Counters::new(region(COUNTERS[CLIENT]));
    let time = |index| times.get(index).map_or(0, |(_, ticks)| ticks);
    let mut cell = 0;
    show("replace", || {
        svc::signal(TICK);
        let last = time(1);
        cell = 1 - cell;
        ask(Request::Attach { cell, hook: HOOK, place: 0 });
        hook.replace(0, cell);
        svc::signal(TICK);
        time(0) - last
    });
}

/// Notes the program in a slot of the ledger.
fn note(slot: usize) {
    let ledger = Ledger(region(LEDGER));
    let offset = (IMAGES + slot * PAGE) as u32;
    let mut code = [0; 512];
    let target = Target::HOST.expect("there is a compiler for this machine");
    let options = Options { checks: Checks::Verified, fuel: false };
    let insns = PROGRAM.map(Insn::from_bytes);
    let bytes = jit::compile(target, &insns, &[], options, &mut code).expect("two instructions are compiled");
    let header = Header {
        fuel: FUEL,
        seed: 1,
        owner: slot as u8 + 1,
        slot: slot as u32,
        context_bytes: cell::CONTEXT_BYTES,
        prints: false,
        maps: 0,
        written: 0,
        map: [image::MapAt::default(); image::MAPS],
    };
    let place = ledger.0.slice(offset as usize, PAGE).expect("the ledger has room for all images");
    header.write(place).expect("a page holds a header");
    place.write(image::CODE, &code[..bytes]).expect("a page holds the code");
    let meta = Meta { id: 1, insns: 2, bound: 2, tag: 0, loaded_at_ns: 0, stack_bytes: 0, name: [0; NAME] };
    let program = Program {
        hook: HOOK,
        image: offset,
        image_bytes: (image::CODE + bytes) as u32,
        out: Grant { offset: (slot * PAGE) as u32, bytes: PAGE as u32, access: Access::Write },
        flags: 0,
        maps: 0,
        map: [Grant::default(); image::MAPS],
        meta,
    };
    ledger.set_program(slot, &program).expect("there is such a slot");
}
