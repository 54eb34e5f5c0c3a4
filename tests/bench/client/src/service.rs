//! Stands in the place of `tick`, with its capabilities, and counts what services do most. It begins when a program is
//! attached: the endpoint of that program's cell is what it Calls.
//!
//! Under `-icount shift=0` a tick of the time stamp counter is an instruction. Each figure is the least of several
//! runs, so an interrupt in one of them does not count, and what reading the counter twice costs is taken off.

use core::hint::black_box;

use cell::{attached, hook::Hook};
use svc::{clock, region};
use tick::{EVENTS, HOOKS, TIMER};

svc::service!(main);

const RUNS: u32 = 16;
/// What the server answers with nothing; any other label gets its first word back.
const PING: u64 = 2;
const EVENT: u64 = cell::EVENT;

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
    show("signal", || svc::signal(caps::standard::LOG_SIGNAL));
    show("log", || log::info!("a line of the log"));
    log::info!("bench done");
    loop {
        svc::wait(EVENTS);
    }
}

/// Logs `bench NAME TICKS`.
fn show(name: &str, mut work: impl FnMut()) {
    let overhead = least(|| {});
    log::info!("bench {name} {}", least(&mut work) - overhead);
}

#[inline]
fn least(mut work: impl FnMut()) -> u64 {
    (0..RUNS).fold(u64::MAX, |least, _| {
        let begin = clock::ticks();
        work();
        least.min(clock::ticks() - begin)
    })
}
