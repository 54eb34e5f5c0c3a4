//! Both UARTs, the timer and programs busy at once, boot after boot. What it is after: a kernel whose stack is not
//! aligned to its size writes behind it when an interrupt is pending as it leaves for user space
//! (`kernel-config/src/kernel.rs`). Where the IDT lies there, the machine is dead within a second.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use hypos_tests::{Options, System, control::Control, tools};

/// How long a system is kept busy in each of the two ways, in turn.
const BUSY: Duration = Duration::from_millis(1500);
/// Bytes that are typed at once.
const TYPED: &[u8] = b"the quick brown fox jumps over the lazy dog";

#[test]
fn ten_boots() -> Result<()> {
    (0..10).try_for_each(|_| stress(1))
}

#[test]
fn ten_more_boots_beside_them() -> Result<()> {
    (0..10).try_for_each(|_| stress(1))
}

/// One system for as long as is asked for: `HYPOS_STRESS_SECONDS=600 cargo test -p hypos-tests --test stress -- --ignored
/// --nocapture`, for any board that is built.
#[test]
#[ignore = "by hand: it takes as long as it is told to"]
fn one_long_boot() -> Result<()> {
    let seconds = std::env::var("HYPOS_STRESS_SECONDS").context("HYPOS_STRESS_SECONDS is not set")?;
    let seconds = Duration::from_secs(seconds.parse().context("HYPOS_STRESS_SECONDS")?);
    stress(u32::try_from(seconds.as_millis().div_ceil(2 * BUSY.as_millis()))?)
}

/// Keeps a system busy, in so many turns.
fn stress(turns: u32) -> Result<()> {
    let mut system = System::boot(&Options::default())?;
    for object in ["tick.bpf.o", "beat.o", "console.bpf.o"] {
        system.hypctl(&["prog", "load", &format!("examples/{object}")])?;
    }
    system.hypctl(&["prog", "attach", "console", "serial"])?;
    for program in ["tick", "beat"] {
        system.hypctl(&["prog", "attach", program, "timer", "--period", "1ms"])?;
    }
    let (mut typed, mut answers) = (0, 0);
    for _ in 0..turns {
        let (bytes, requests) = turn(&mut system)?;
        (typed, answers) = (typed + bytes, answers + requests);
    }
    println!("{}: {typed} bytes typed, {answers} requests answered", tools::board());
    ensure!(typed > 1000 * u64::from(turns), "{typed} bytes were typed");
    ensure!(answers > 10 * u64::from(turns), "{answers} answers");
    for program in ["tick", "beat", "console"] {
        let runs = system.runs(program)?;
        println!("{program} ran {runs} times");
        ensure!(runs > 100 * u64::from(turns), "{program} ran {runs} times");
    }
    all_seen(&system, typed)?;
    for counter in ["overruns", "log_lost", "hook_failures"] {
        ensure!(serial(&system, counter)? == 0, "{counter}");
    }
    system.check_sound()
}

/// Keeps it busy in both ways; gives how many bytes were typed and how many requests answered meanwhile.
fn turn(system: &mut System) -> Result<(u64, u64)> {
    let (socket, control) = (system.socket(), Control::connect(system)?);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let typist = scope.spawn(|| type_until(system, &done));
        let answers = ask(control).and_then(|answers| look(&socket).map(|()| answers));
        done.store(true, Ordering::Relaxed);
        Ok((typist.join().map_err(|_| anyhow!("the typist panicked"))??, answers?))
    })
}

/// Types until it is told to stop; gives how many bytes.
fn type_until(system: &mut System, done: &AtomicBool) -> Result<u64> {
    let mut typed = 0;
    while !done.load(Ordering::Relaxed) {
        system.type_in(TYPED)?;
        typed += TYPED.len() as u64;
        // About as fast as a line of 115200 baud: the machine's own has no speed, and would do nothing else.
        thread::sleep(Duration::from_millis(4));
    }
    Ok(typed)
}

/// Asks for the status, again as soon as it is answered; gives how often.
fn ask(mut control: Control) -> Result<u64> {
    let end = Instant::now() + BUSY;
    let mut number: u32 = 0;
    while Instant::now() < end {
        number += 1;
        let (bad, _) = control.status(number)?;
        ensure!(bad == 0, "{bad} bad frames");
    }
    Ok(number.into())
}

/// Looks at everything in turn, and at what programs print and send.
fn look(socket: &Path) -> Result<()> {
    let end = Instant::now() + BUSY;
    let looks: [&[&str]; 4] =
        [&["trace", "--count", "50"], &["map", "dump", "bytes"], &["services"], &["prog", "list"]];
    for args in looks.iter().cycle().take_while(|_| Instant::now() < end) {
        let output = tools::hypctl(socket, args)?;
        ensure!(output.status.success(), "hypctl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// A counter of the serial driver.
fn serial(system: &System, counter: &str) -> Result<u64> {
    let services = system.json(&["services"])?;
    let serial = services.as_array().into_iter().flatten().find(|service| service["name"] == "serial");
    let value = serial.and_then(|serial| serial["counters"][counter]["value"].as_u64());
    value.with_context(|| format!("no counter {counter}"))
}

/// Waits until the driver has seen as many bytes as were typed: it may be slower than who typed them, but goes on.
fn all_seen(system: &System, typed: u64) -> Result<()> {
    let mut last = (serial(system, "console_in")?, Instant::now());
    while last.0 != typed {
        let seen = serial(system, "console_in")?;
        if seen > last.0 {
            last = (seen, Instant::now());
        }
        ensure!(last.1.elapsed() < Duration::from_secs(10), "{typed} bytes were typed, {seen} seen");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
