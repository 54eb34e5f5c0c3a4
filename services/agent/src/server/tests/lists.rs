//! Status and lists.
use core::fmt::Write;
use std::{format, string::String, vec, vec::Vec};

use bpf_runtime::bundle::Contents;
use proto::device::{PageRequest, Request, Request_::Body as Asked, Response_::Body as Answer, ServiceState};
use report::{Report, State, counters::Counters};

use super::device::{Device, array, tiny};
use crate::{LEDGER, MAPS};

/// The lengths of a list's pages, and the elements of all of them.
fn pages<T: Clone>(page: impl Fn(PageRequest) -> (Vec<T>, u32)) -> (Vec<usize>, Vec<T>) {
    let (mut lengths, mut all, mut next) = (vec![], vec![], 0);
    loop {
        let (elements, following) = page(PageRequest { next });
        lengths.push(elements.len());
        all.extend(elements);
        assert!(following == 0 || following > next, "a list without end");
        next = following;
        if next == 0 {
            return (lengths, all);
        }
    }
}

macro_rules! list {
    ($device:expr, $list:ident, $elements:ident) => {{
        let device = core::cell::RefCell::new(&mut $device);
        pages(|page| match device.borrow_mut().ask(Asked::$list(page)) {
            Answer::$list(page) => (page.$elements.to_vec(), page.next),
            other => panic!("{other:?}"),
        })
    }};
}

#[test]
fn programs_maps_and_attachments_come_in_pages() {
    let mut device = Device::new();
    assert_eq!(list!(device, Programs, programs).0, [0]);
    let names: Vec<String> = (0..17).map(|i| format!("p{i}")).collect();
    for name in &names {
        device.load(&Contents { maps: vec![array("m", 8, 1)], ..tiny(&[name]) }).unwrap();
    }
    for name in &names[..16] {
        device.attach(name, "timer", 1_000_000).unwrap();
    }
    device.unload("p16").unwrap();
    device.detach("p5").unwrap();
    device.unload("p5").unwrap();
    let (lengths, programs) = list!(device, Programs, programs);
    assert_eq!((lengths, programs[5].name.as_str()), (vec![8, 7], "p6"));
    assert!(programs.iter().all(|p| p.attached && p.map_ids.len() == 1 && p.instructions == 2));
    let (lengths, maps) = list!(device, Maps, maps);
    assert_eq!((lengths, maps.len(), maps[0].entries), (vec![15], 15, 1));
    let (lengths, attachments) = list!(device, Attachments, attachments);
    assert_eq!((lengths, attachments[5].program.as_str()), (vec![15], "p6"));
    assert_eq!(attachments[0].period_ns, 1_000_000);
}

#[test]
fn any_page_may_be_asked_for() {
    let mut device = Device::new();
    device.load(&tiny(&["a"])).unwrap();
    for next in [1, 31, 32, 1000, u32::MAX] {
        let page = PageRequest { next };
        for asked in [Asked::Programs(page), Asked::Maps(page), Asked::Attachments(page)] {
            assert!(!matches!(device.ask(asked), Answer::Error(_)));
        }
        for asked in [Asked::Services(page), Asked::Caps(page)] {
            assert!(!matches!(device.ask(asked), Answer::Error(_)));
        }
    }
}

#[test]
fn runs_are_counted_by_the_cell() {
    let mut device = Device::new();
    device.load(&tiny(&["a", "b"])).unwrap();
    let b = device.agent.programs[1].as_ref().unwrap();
    device.agent.out(b).unwrap().set_counts(cell::out::Counts { runs: 7, ticks: 350, stopped: 1 });
    let cells = report::cells::Cells(device.memory.cells);
    cells.set_state(1, Some(State::Waiting), 1).unwrap();
    cells.set_fault(1, "wild").unwrap();
    let programs = list!(device, Programs, programs).1;
    assert_eq!((programs[1].runs, programs[1].run_ns, programs[1].faults), (7, 700, 1));
    assert_eq!(device.status().events, 7);
}

#[test]
fn services_come_with_their_counters() {
    let mut device = Device::new();
    let report = Report::new(device.memory.report);
    for (i, name) in ["cell", "timer", "serial", "agent", "other"].into_iter().enumerate() {
        report.set_service(i, name, 100 + i as u8, 4096).unwrap();
    }
    report.set_state(1, State::Waiting, 3, 2).unwrap();
    report.set_fault(1, "VM fault").unwrap();
    let counters = Counters::new(device.memory.counters[0]);
    counters.declare(&["expired", "late"]).unwrap();
    counters.counter(0).unwrap().add(42);
    let rates = Counters::new(device.memory.rates.slice(0, 4096).unwrap());
    rates.declare(&["expired", "late"]).unwrap();
    rates.counter(0).unwrap().set(5);
    let (lengths, services) = list!(device, Services, services);
    assert_eq!(lengths, [3, 2]);
    let timer = &services[1];
    assert_eq!(
        (timer.name.as_str(), timer.state, timer.restarts, timer.strikes),
        ("timer", ServiceState::Waiting, 3, 2)
    );
    assert_eq!((timer.priority, timer.memory_bytes, timer.last_fault.as_str()), (101, 4096, "VM fault"));
    let read: Vec<_> = timer.counters.iter().map(|c| (c.name.as_str(), c.value, c.per_second)).collect();
    assert_eq!(read, [("expired", 42, 5), ("late", 0, 0)]);
    assert_eq!(services[4].counters.len(), 0, "not sampled");
}

/// Writes the capability table's text.
fn set_table(device: &Device, text: &str) {
    device.memory.table.store(0, 4, text.len() as u64).unwrap();
    device.memory.table.write(8, text.as_bytes()).unwrap();
}

#[test]
fn the_capability_table_is_read_line_by_line() {
    let mut device = Device::new();
    let mut text: String = String::new();
    for i in 0..29 {
        writeln!(text, "svc{i}\t{i}\tcall{i}\tcall\tcell\t-wg\t{i}").unwrap();
    }
    text.push_str("agent\t0x10030000\tclock\tmemory\ttimer.clock 4 KiB\tr--\t0\n");
    set_table(&device, &text);
    let (lengths, caps) = list!(device, Caps, caps);
    assert_eq!(lengths, [12, 12, 6]);
    let (called, clock) = (&caps[28], &caps[29]);
    assert_eq!((called.service.as_str(), called.slot, called.badge, called.address), ("svc28", 28, 28, 0));
    assert_eq!((clock.slot, clock.address, clock.object.as_str()), (0, 0x1003_0000, "timer.clock 4 KiB"));
    assert_eq!((clock.kind.as_str(), clock.rights.as_str()), ("memory", "r--"));
}

#[test]
fn a_table_of_nonsense_ends() {
    let mut device = Device::new();
    for text in ["no line's end", "\n\n\n", "\t\t\t\t\t\t\t\t\n", "a\t0xzz\t\u{e4}\n", &"x".repeat(300)] {
        set_table(&device, text);
        assert!(list!(device, Caps, caps).1.len() <= 3);
    }
    device.memory.table.store(0, 4, u32::MAX.into()).unwrap();
    let _ = list!(device, Caps, caps);
}

#[test]
fn status_tells_what_is_there() {
    let mut device = Device::new();
    let report = Report::new(device.memory.report);
    report.set_memory(64 << 20, 3 << 20).unwrap();
    report.set_kernel("seL4 5.0.0").unwrap();
    report.set_boot(9).unwrap();
    device.board.0.borrow_mut().now_ns = 1234;
    device.agent.bad_frame();
    let status = device.status();
    assert_eq!((status.kernel.as_str(), status.uptime_ns, status.boot_ns), ("seL4 5.0.0", 1234, 9));
    assert_eq!((status.memory_total, status.memory_used), (64 << 20, 3 << 20));
    assert_eq!((status.frames_ok, status.frames_bad), (1, 1));
    let all = ((LEDGER.len() - cell::ledger::IMAGES) as u64, MAPS.len() as u64);
    assert_eq!((status.program_memory_free, status.map_memory_free), all);
    assert_eq!(status.version.as_str(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_request_that_is_not_known_is_answered() {
    let response = Device::new().agent.serve(&Request { seq: 9, body: None });
    let Some(Answer::Error(error)) = response.body else { panic!("{response:?}") };
    assert_eq!(response.seq, 9);
    assert_eq!(error.message, "this device does not know the request; is hypctl newer than it?");
}
