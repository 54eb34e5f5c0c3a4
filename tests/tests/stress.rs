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

/// How long a system is kept busy in each of the two ways.
const BUSY: Duration = Duration::from_millis(1500);
/// Bytes that are typed at once.
const TYPED: &[u8] = b"the quick brown fox jumps over the lazy dog";

#[test]
fn ten_boots() -> Result<()> {
    (0..10).try_for_each(|_| stress())
}

#[test]
fn ten_more_boots_beside_them() -> Result<()> {
    (0..10).try_for_each(|_| stress())
}

fn stress() -> Result<()> {
    let mut system = System::boot(&Options::default())?;
    for object in ["tick.bpf.o", "beat.o", "console.bpf.o"] {
        system.hypctl(&["prog", "load", &format!("examples/{object}")])?;
    }
    system.hypctl(&["prog", "attach", "console", "serial"])?;
    for program in ["tick", "beat"] {
        system.hypctl(&["prog", "attach", program, "timer", "--period", "1ms"])?;
    }
    let (socket, control) = (system.socket(), Control::connect(&system)?);
    let done = AtomicBool::new(false);
    let (typed, answered) = thread::scope(|scope| {
        let typist = scope.spawn(|| type_until(&mut system, &done));
        let answered = ask(control).and_then(|()| look(&socket));
        done.store(true, Ordering::Relaxed);
        (typist.join(), answered)
    });
    answered?;
    let typed = typed.map_err(|_| anyhow!("the typist panicked"))??;
    ensure!(typed > 1000, "{typed} bytes were typed");
    for program in ["tick", "beat", "console"] {
        let runs = system.runs(program)?;
        ensure!(runs > 100, "{program} ran {runs} times");
    }
    all_seen(&system, typed)?;
    for counter in ["overruns", "log_lost", "hook_failures"] {
        ensure!(serial(&system, counter)? == 0, "{counter}");
    }
    system.check_sound()
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

/// Asks for the status, again as soon as it is answered.
fn ask(mut control: Control) -> Result<()> {
    let end = Instant::now() + BUSY;
    let mut number: u32 = 0;
    while Instant::now() < end {
        number += 1;
        let (bad, _) = control.status(number)?;
        ensure!(bad == 0, "{bad} bad frames");
    }
    ensure!(number > 10, "{number} answers");
    Ok(())
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

/// Waits until the driver has seen as many bytes as were typed.
fn all_seen(system: &System, typed: u64) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(10);
    while serial(system, "console_in")? != typed {
        ensure!(Instant::now() < end, "{typed} bytes were typed, {} seen", serial(system, "console_in")?);
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
