//! Stands in the place of `tick`, with its capabilities, and counts what services do most. It begins when a program is
//! attached: the endpoint of that program's cell is what it Calls.
//!
//! Under `-icount shift=0` a nanosecond of the counter is an instruction. Where a tick is one, each figure is the least of several
//! runs, so an interrupt in one of them does not count; where it is many, what can be repeated at once is, and the rest is the
//! average of runs that begin at different places of a tick. What the measuring itself costs is taken off.

use core::hint::black_box;

use cell::{attached, hook::Hook};
use svc::{clock, region};
use tick::{EVENTS, HOOKS, TIMER};

svc::service!(main);

const RUNS: u32 = 16;
/// What the server answers with nothing; any other label gets its first word back.
const PING: u64 = 2;
const EVENT: u64 = cell::EVENT;
/// From this on the server does nothing but answer.
const RAW: u64 = 3;
/// Repetitions where a tick is many instructions.
const BATCH: u32 = 256;
/// Runs to average there; so many records fit the log.
const SHOTS: u32 = 32;

fn main() -> ! {
    svc::ready();
    let hook = Hook::new(region(HOOKS), 1).expect("a page holds all hooks");
    show("hook", || {
        if hook.is_armed() {
            black_box(());
        }
    });
    while !hook.is_armed() {
        svc::wait(EVENTS);
    }
    let cell = attached(0);
    show("call0", || _ = black_box(svc::call(cell, PING, []).is_ok()));
    show("event", || _ = black_box(svc::call(cell, EVENT, [1, 2, 3, 4]).map(|answer| answer.words()[0])));
    show("timer", || _ = black_box(svc::call(TIMER, timer::Request::Ping.encode().0, []).is_ok()));
    show("clock", || _ = black_box(clock::now_ns()));
    show_single("signal", || svc::signal(caps::standard::LOG_SIGNAL));
    show_single("log", || log::info!("a line of the log"));
    // The bindings' bare system calls on both sides. The last: the server answers nobody else any more.
    show("raw", || svc::tell(cell, RAW, []));
    log::info!("bench done");
    // From now on an event for each signal; see `bench-agent`.
    let [begin, end] = svc::counters(["begin", "end"]);
    loop {
        svc::wait(EVENTS);
        begin.set(clock::ticks());
        let _ = black_box(svc::call(cell, EVENT, [1, 2, 3, 4]));
        end.set(clock::ticks());
    }
}

/// Logs `bench NAME TICKS/TIMES` of something that may be repeated at once.
fn show(name: &str, mut work: impl FnMut()) {
    if is_coarse() {
        let overhead = (0..RUNS).fold(u64::MAX, |least, _| least.min(batch(&mut || {})));
        let least = (0..RUNS).fold(u64::MAX, |least, _| least.min(batch(&mut work)));
        log::info!("bench {name} {}/{BATCH}", least.saturating_sub(overhead));
    } else {
        show_exact(name, work);
    }
}

/// Logs the same of something that is another thing when it is repeated at once.
fn show_single(name: &str, mut work: impl FnMut()) {
    if is_coarse() {
        let overhead = total(|| {});
        log::info!("bench {name} {}/{SHOTS}", total(&mut work).saturating_sub(overhead));
    } else {
        show_exact(name, work);
    }
}

/// Logs the same where a tick is an instruction.
fn show_exact(name: &str, mut work: impl FnMut()) {
    let overhead = least(|| {});
    log::info!("bench {name} {}", least(&mut work) - overhead);
}

/// Whether a tick is many instructions.
fn is_coarse() -> bool {
    let now = clock::ticks();
    clock::at(now + 1_000) - clock::at(now) > 2_000
}

#[inline]
fn least(mut work: impl FnMut()) -> u64 {
    (0..RUNS).fold(u64::MAX, |least, _| {
        let begin = clock::ticks();
        work();
        least.min(clock::ticks() - begin)
    })
}

/// Ticks of repetitions.
#[inline]
fn batch(work: &mut impl FnMut()) -> u64 {
    let begin = clock::ticks();
    for time in 0..BATCH {
        black_box(time);
        work();
    }
    clock::ticks() - begin
}

/// Ticks of runs that begin at different places of a tick.
#[inline]
fn total(mut work: impl FnMut()) -> u64 {
    let shot = |number| {
        (0..7 * number).for_each(|step| _ = black_box(step));
        let begin = clock::ticks();
        work();
        clock::ticks() - begin
    };
    (0..SHOTS).map(shot).sum()
}
