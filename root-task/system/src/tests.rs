//! One small table for each flaw that the check finds, with its exact message.

extern crate std;
use std::string::String;

use caps::{Grant, Need, Object, Region, Rights, Slot};

use crate::{Cells, Memory, OnLimit, ROOT, Restart, Service, System, check, control_badge, render};

const RESTART: Restart = Restart {
    backoff_ms: 1,
    limit: 1,
    clean_after_s: 1,
    silent_ms: 1,
    input_driven: false,
    on_limit: OnLimit::Stop,
};
const SERVER_NEEDS: &[Need] = &[Need::serve("in", Slot(8), "p"), Need::wait("events", Slot(9))];
const SERVER_GRANTS: &[Grant] = &[
    Grant::new("in", Object::Endpoint { of: "server", badge: 0 }, Rights::R),
    Grant::new("events", Object::Notification { of: "server", badge: 0 }, Rights::R),
];
const MEMORY: &[Memory] = &[Memory { of: "server", name: "m", pages: 2 }];

const fn service(
    name: &'static str,
    priority: u8,
    needs: &'static [&'static [Need]],
    grants: &'static [Grant],
) -> Service {
    Service { name, priority, stack_pages: 1, restart: RESTART, needs, grants }
}

const SERVER: Service = service("server", 20, &[SERVER_NEEDS], SERVER_GRANTS);

/// What the check says of a client with these needs and grants, beside `SERVER`.
macro_rules! verdict {
    ($priority:expr, [$($need:expr),*], [$($grant:expr),*]) => {{
        const SYSTEM: System = System {
            memory: MEMORY,
            services: &[SERVER, service("client", $priority, &[&[$($need),*]], &[$($grant),*])],
            cells: Cells { priority: 15, restart: RESTART, contexts: &[] },
        };
        check(&SYSTEM).map_err(|flaw| String::from(flaw.message().as_str()))
    }};
}

const CALL: Need = Need::call("server", Slot(8), "p");
const TO_SERVER: Grant = Grant::new("server", Object::Endpoint { of: "server", badge: 1 }, Rights::WG);
const MEM: Need = Need::memory("m", Region::at(0x2000_0000, 2), Rights::RW);
const MEM_GRANT: Grant = Grant::new("m", Object::Memory { of: "server", name: "m" }, Rights::RW);
const PORTS: Need = Need::ports("ports", Slot(10));

const fn ports(first: u16, last: u16) -> Grant {
    Grant::new("ports", Object::Ports { first, last }, Rights::RW)
}

const CELLS: Need = Need::cells("cells", cell::ATTACHED);

const fn on_hook(hook: u32) -> Grant {
    Grant::new("cells", Object::Cells { hook }, Rights::WG)
}

fn refused(verdict: &Result<(), String>, message: &str) {
    assert_eq!(*verdict, Err(message.into()));
}

#[test]
fn a_sound_table_passes() {
    assert_eq!(verdict!(10, [CALL, MEM], [TO_SERVER, MEM_GRANT]), Ok(()));
    assert_eq!(verdict!(20, [CALL], [TO_SERVER]), Ok(()), "same priority, but below its server");
}

#[test]
fn each_flaw_is_named() {
    refused(&verdict!(10, [CALL], []), "table: client.server: needed, but not granted");
    refused(&verdict!(10, [CALL], [TO_SERVER, TO_SERVER]), "table: client.server: granted twice");
    refused(&verdict!(10, [], [TO_SERVER]), "table: client.server: granted, but nobody needs it");
    refused(
        &verdict!(10, [MEM], [Grant::new("m", MEM_GRANT.object, Rights::R)]),
        "table: client.m: granted with other rights than it needs",
    );
    refused(
        &verdict!(10, [CALL], [Grant::new("server", MEM_GRANT.object, Rights::WG)]),
        "table: client.server: granted something of another kind",
    );
    refused(
        &verdict!(21, [CALL], [TO_SERVER]),
        "table: client.server: the server does not rank above its caller",
    );
    refused(
        &verdict!(10, [Need::call("server", Slot(8), "q")], [TO_SERVER]),
        "table: client.server: the server does not speak this protocol",
    );
    refused(
        &verdict!(
            10,
            [CALL],
            [Grant::new("server", Object::Endpoint { of: "nobody", badge: 1 }, Rights::WG)]
        ),
        "table: client.server: there is no such server",
    );
}

#[test]
fn badges_and_devices_are_given_once() {
    const SECOND: Need = Need::call("second", Slot(9), "p");
    refused(
        &verdict!(10, [CALL, SECOND], [TO_SERVER, Grant::new("second", TO_SERVER.object, Rights::WG)]),
        "table: client.second: its badge is used twice",
    );
    refused(
        &verdict!(
            10,
            [Need::signal("a", Slot(8)), Need::signal("b", Slot(9))],
            [
                Grant::new("a", Object::Notification { of: "server", badge: 3 << 28 }, Rights::W),
                Grant::new("b", Object::Notification { of: "server", badge: 1 << 29 }, Rights::W)
            ]
        ),
        "table: client.b: its badge is used twice",
    );
    refused(
        &verdict!(
            10,
            [PORTS, Need::ports("more", Slot(11))],
            [
                ports(0x3f8, 0x3ff),
                Grant::new("more", Object::Ports { first: 0x3ff, last: 0x400 }, Rights::RW)
            ]
        ),
        "table: client.more: the device is given twice",
    );
    refused(
        &verdict!(
            10,
            [Need::mmio("a", Region::at(0x2000_0000, 2)), Need::mmio("b", Region::at(0x3000_0000, 1))],
            [
                Grant::new("a", Object::Mmio { paddr: 0xfed0_0000, pages: 2 }, Rights::RW),
                Grant::new("b", Object::Mmio { paddr: 0xfed0_1000, pages: 1 }, Rights::RW)
            ]
        ),
        "table: client.b: the device is given twice",
    );
}

#[test]
fn a_signal_can_not_be_taken_for_a_request() {
    refused(
        &verdict!(
            10,
            [Need::signal("a", Slot(8))],
            [Grant::new("a", Object::Notification { of: "server", badge: 1 << 27 }, Rights::W)]
        ),
        "table: client.a: its badge could be a caller's; take bits from 28 on",
    );
}

#[test]
fn cells_rank_above_the_owner_of_their_hook_and_have_slots_of_their_own() {
    assert_eq!(verdict!(15, [CALL, CELLS], [TO_SERVER, on_hook(1)]), Ok(()));
    let above = "table: client.cells: the cells do not rank above their caller";
    refused(&verdict!(16, [CELLS], [on_hook(1)]), above);
    let slots = "table: client.server: its slot is one of the cells', or theirs is not";
    refused(&verdict!(10, [Need::call("server", Slot(17), "p")], [TO_SERVER]), slots);
    let slots = "table: client.cells: its slot is one of the cells', or theirs is not";
    refused(&verdict!(10, [Need::cells("cells", Slot(9))], [on_hook(1)]), slots);
}

#[test]
fn the_root_task_is_called_by_its_own_protocol_and_badge() {
    const ASK: Need = Need::call("root", Slot(8), report::control::PROTOCOL);
    const fn root(badge: u64) -> Grant {
        Grant::new("root", Object::Endpoint { of: ROOT, badge }, Rights::WG)
    }
    // The client stands second. However high it stands, the root task stands above it.
    assert_eq!(verdict!(255, [ASK], [root(control_badge(1))]), Ok(()));
    let other = "table: client.root: its badge is not the one by which the root task knows it";
    refused(&verdict!(10, [ASK], [root(control_badge(0))]), other);
    refused(&verdict!(10, [ASK], [root(1)]), other);
    refused(
        &verdict!(10, [Need::call("root", Slot(8), "p")], [root(control_badge(1))]),
        "table: client.root: the server does not speak this protocol",
    );
}

#[test]
fn places_keep_clear_of_each_other() {
    refused(
        &verdict!(10, [CALL, Need::ports("ports", Slot(8))], [TO_SERVER, ports(1, 2)]),
        "table: client.ports: shares its slot or address with another need",
    );
    refused(
        &verdict!(10, [Need::ports("ports", Slot(1))], [ports(1, 2)]),
        "table: client.ports: its slot is reserved or outside of the CNode",
    );
    refused(
        &verdict!(10, [Need::memory("m", Region::at(0xffff_f000, 2), Rights::RW)], [MEM_GRANT]),
        "table: client.m: its address is reserved or not below 4 GiB",
    );
    refused(
        &verdict!(10, [Need::memory("m", Region::at(0x2000_0000, 1), Rights::RW)], [MEM_GRANT]),
        "table: client.m: the shared memory has another size",
    );
    refused(
        &verdict!(10, [MEM], [Grant::new("m", Object::Memory { of: "x", name: "m" }, Rights::RW)]),
        "table: client.m: there is no such shared memory",
    );
    refused(
        &verdict!(
            10,
            [Need::signal("s", Slot(8))],
            [Grant::new("s", Object::Notification { of: "client", badge: 1 }, Rights::W)]
        ),
        "table: client.s: nobody of that name waits for signals",
    );
}

#[test]
fn the_table_as_text_is_the_golden_file() {
    let mut text = String::from("service\tslot\tname\tkind\tobject\trights\tbadge\n");
    render::text(&crate::SYSTEM, &mut text).unwrap();
    let name = platform::PLATFORM.name.replace('/', "-");
    let path = std::format!("{}/../../tests/golden/caps-{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("HYPOS_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "authority changed: review it, then run this test with HYPOS_BLESS=1");
}
