//! Each capability slot, and addresses of none, with each system call.

use anyhow::{Result, ensure};
use hypos_tests::tools;

use crate::{
    order::{Kind, Order, Range},
    outcome::{short, survived},
    scene::Scene,
    table::{Row, check, rows},
};

/// Slots of a cell's CSpace (`caps::Slot::RADIX` bits), and the two that it has.
const SLOTS: u64 = 1 << caps::Slot::RADIX;
const FAULT: u64 = caps::standard::FAULT.cptr();
const EVENTS: u64 = cell::EVENTS.cptr();
/// Invocation labels that are tried: more than 5.0.0 has.
const LABELS: u64 = 64;

/// The system calls, by the kernel's numbers (libsel4, `syscall.h`).
const CALL: u64 = 0_u64.wrapping_sub(1);
const REPLY_RECV: u64 = 0_u64.wrapping_sub(2);
const SEND: u64 = 0_u64.wrapping_sub(3);
const NB_SEND: u64 = 0_u64.wrapping_sub(4);
const RECV: u64 = 0_u64.wrapping_sub(5);
const YIELD: u64 = 0_u64.wrapping_sub(7);
const NB_RECV: u64 = 0_u64.wrapping_sub(8);

const SENDING: [(&str, u64); 3] = [("Call", CALL), ("Send", SEND), ("NBSend", NB_SEND)];
const RECEIVING: [(&str, u64); 3] = [("Recv", RECV), ("NBRecv", NB_RECV), ("ReplyRecv", REPLY_RECV)];

fn slots(from: u64, to: u64) -> Range {
    Range { start: from, step: 1, count: to - from }
}

fn order(number: u64, places: &[Range]) -> Order {
    Order::at(Kind::SystemCall, places).args(&[number, 0, 1, 4])
}

/// As `order`, with each label at each place.
fn labelled(number: u64, places: &[Range]) -> Order {
    let order = Order::at(Kind::SystemCall, places).args(&[number, 0, LABELS, 4, 1, 2, 3, 4]);
    Order { attempts: (0, order.attempts.1 * LABELS), ..order }
}

/// All attempts end alike, in one go.
fn alike(scene: &mut Scene, order: &Order, what: String) -> Result<Row> {
    let outcome = scene.attack(order)?;
    let count = order.attempts.1;
    ensure!(outcome.faults == 0, "{what}: {:?}", outcome.stops);
    let first = outcome.log[0];
    let other = outcome.log[..count as usize].iter().position(|became| *became != first);
    ensure!(other.is_none(), "{what}: attempt {other:?} differs");
    Ok(Row::native(what, count, survived(first)))
}

/// What becomes of a system call at places that are none, or not for it. One that replies first has answered its event before
/// it faults. With 5.0.0 the root task tells the event's owner that this failed: registers that are read say of a thread that
/// was answered, and did not run yet, that it still waits (later kernels: `updateRestartPC`, `src/kernel/thread.c`).
fn each(scene: &mut Scene, number: u64, places: &[Range]) -> Result<Vec<String>> {
    let outcomes = scene.each(&order(number, places))?;
    if number == REPLY_RECV && tools::installed().is_some() {
        scene.answered_more(outcomes.len() as u64);
    }
    Ok(outcomes)
}

#[test]
fn each_capability_with_each_system_call() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut table = Vec::new();
    let empty = [slots(0, FAULT), slots(FAULT + 1, EVENTS), slots(EVENTS + 1, SLOTS)];
    for (name, number) in SENDING {
        let what = format!("{name} of each empty slot with each of {LABELS} labels");
        table.push(alike(&mut scene, &labelled(number, &empty), what)?);
        let what = format!("{name} of the endpoint of its events with each of {LABELS} labels");
        table.push(alike(&mut scene, &labelled(number, &[Range::one(EVENTS)]), what)?);
    }
    // Behind the last slot, and with each higher bit.
    let none: Vec<_> = (caps::Slot::RADIX..64).map(|bit| Range::one(1 << bit | EVENTS)).collect();
    for (name, number) in SENDING.into_iter().chain(RECEIVING) {
        let places = if number == CALL { &none[..] } else { &none[50..] };
        let outcomes = each(&mut scene, number, places)?;
        let names = places.iter().map(|_| String::new()).collect();
        table.extend(
            rows(names, outcomes.into_iter().map(|o| without_address(&o)).collect()).into_iter().map(|row| {
                row.named(format!("{name} of slots that are none: behind the last, and with higher bits"))
            }),
        );
    }
    for (name, number) in RECEIVING {
        let places =
            [Range::one(0), slots(FAULT, EVENTS), slots(EVENTS + 1, EVENTS + 3), Range::one(SLOTS - 1)];
        let outcomes = each(&mut scene, number, &places)?;
        let names = outcomes.iter().map(|_| String::new()).collect();
        let named = format!("{name} at slots that are empty, and at the endpoint for its faults");
        let outcomes = outcomes.into_iter().map(|o| without_address(&o)).collect();
        table.extend(rows(names, outcomes).into_iter().map(|row| row.named(named.clone())));
    }
    table.extend(next_events(&mut scene)?);
    table.extend(rows(vec!["Yield".into()], scene.each(&order(YIELD, &[Range::one(0)]))?));
    for number in [-30_i64, -21, -14, -9, 0, 1, 7, 1 << 32, i64::MAX, i64::MIN] {
        let outcomes = scene.each(&order(number as u64, &[Range::one(0)]))?;
        table.extend(rows(vec![format!("number {number:#x}")], outcomes));
    }
    scene.end()?;
    check("calls", &merged(table))
}

/// What it has not answered is forgotten by the kernel when it receives again.
fn next_events(scene: &mut Scene) -> Result<Vec<Row>> {
    let mut table = Vec::new();
    let events = [Range::one(EVENTS)];
    for (name, number) in [("Recv", RECV), ("NBRecv", NB_RECV)] {
        let outcome = scene.attack_until(&order(number, &events), |program| program["faults"] != 0)?;
        let what = format!("{name} of the next event, before it has answered");
        table.push(Row::native(what, 1, short(&outcome.stops[0])));
        // One that goes on, and answers nobody.
        scene.answered_less(u64::from(number == NB_RECV));
    }
    // Taken away meanwhile, it leaves nobody waiting, whether the watchdog sees it first or not.
    scene.attack(&order(NB_RECV, &events))?;
    scene.answered_less(1);
    let outcome = scene.attack(&order(REPLY_RECV, &events))?;
    ensure!(outcome.faults == 0, "{:?}", outcome.stops);
    // The first event by this, the second by coming back.
    scene.answered_more(1);
    table.push(Row::native("ReplyRecv of the next event", 1, "goes on"));
    Ok(table)
}

/// Without the capability's address, which differs from attempt to attempt.
fn without_address(outcome: &str) -> String {
    let words: Vec<_> = outcome.split(' ').filter(|word| !word.starts_with("0x")).collect();
    words.join(" ")
}

/// The unknown system calls in one row.
fn merged(table: Vec<Row>) -> Vec<Row> {
    let (unknown, mut rest): (Vec<_>, Vec<_>) =
        table.into_iter().partition(|row| row.outcome.starts_with("UnknownSyscall"));
    let numbers: Vec<_> = unknown.iter().map(|row| row.attack.trim_start_matches("number ")).collect();
    rest.push(Row::native(
        format!("system calls that are none, debugging ones among them: {}", numbers.join(", ")),
        unknown.len() as u64,
        "UnknownSyscall",
    ));
    rest
}
