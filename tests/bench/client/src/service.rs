//! Stands in the place of the timer, with its capabilities, and counts what services do most.
//!
//! Under `-icount shift=0` a tick of the time stamp counter is an instruction. Each figure is the least of several
//! runs, so an interrupt in one of them does not count, and what reading the counter twice costs is taken off.

use core::hint::black_box;

use cell::hook::Hook;
use report::clock::Clock;
use svc::{clock, region};
use timer::{CELL, HOOK};

svc::service!(main);
svc::heap!(0);

const RUNS: u32 = 16;
/// What the server answers with nothing; any other label gets its first word back.
const PING: u64 = 1;
const ECHO: u64 = 2;

fn main() -> ! {
    svc::ready();
    // What the timer would do: from then on the time costs no division.
    let page = Clock::new(region(caps::standard::CLOCK)).expect("a page holds a clock");
    page.set(page.line());
    let hook = Hook::new(region(HOOK)).expect("a page holds a hook");
    show("call0", || _ = black_box(svc::call(CELL, PING, []).is_ok()));
    show("call4", || _ = black_box(svc::call(CELL, ECHO, [1, 2, 3, 4]).map(|answer| answer.words()[0])));
    show("hook", || {
        if hook.is_armed() {
            black_box(());
        }
    });
    show("clock", || _ = black_box(clock::now_ns()));
    show("signal", || svc::signal(timer::CLIENTS[0]));
    show("log", || log::info!("a line of the log"));
    log::info!("bench done");
    loop {
        svc::wait(timer::EVENTS);
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
