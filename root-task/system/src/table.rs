//! The table of hypOS.

use caps::{Grant, Object, Region, Rights, standard};
use platform::{PLATFORM, Place};

use crate::{
    Cells, Memory, OnLimit, ROOT, Restart, Service, System, WATCH_BADGE, check, control_badge, ready_badge,
};

const RESTART: Restart = Restart {
    backoff_ms: 20,
    limit: 8,
    clean_after_s: 60,
    silent_ms: 500,
    input_driven: false,
    on_limit: OnLimit::Stop,
};

/// An image for attack tests builds a cell again as often as it is stopped: each attempt at something is a stop.
const CELLS: Restart = if cfg!(feature = "unverified") {
    Restart { backoff_ms: 0, limit: u32::MAX, ..RESTART }
} else {
    Restart { limit: 3, ..RESTART }
};

/// Pages of a service's log ring.
const LOG: u64 = standard::LOG.pages;

const fn memory(of: &'static str, name: &'static str, pages: u64) -> Memory {
    Memory { of, name, pages }
}

const fn share(need: &'static str, of: &'static str, name: &'static str, rights: Rights) -> Grant {
    Grant::new(need, Object::Memory { of, name }, rights)
}

const fn own_endpoint(need: &'static str, of: &'static str) -> Grant {
    Grant::new(need, Object::Endpoint { of, badge: 0 }, Rights::R)
}

const fn own_notification(of: &'static str) -> Grant {
    Grant::new("events", Object::Notification { of, badge: 0 }, Rights::R)
}

const fn call(need: &'static str, of: &'static str, badge: u64) -> Grant {
    Grant::new(need, Object::Endpoint { of, badge }, Rights::WG)
}

const fn signal(need: &'static str, of: &'static str, badge: u64) -> Grant {
    Grant::new(need, Object::Notification { of, badge }, Rights::W)
}

const fn irq(need: &'static str, line: u32, badge: u64) -> Grant {
    Grant::new(need, Object::Irq { line, badge }, Rights::RW)
}

/// The registers of a UART.
const fn uart(need: &'static str, at: Place) -> Grant {
    let object = match at {
        Place::Ports(first) => Object::Ports { first, last: first + 7 },
        Place::Mmio(paddr) => Object::Mmio { paddr: paddr & !(Region::PAGE - 1), pages: 1 },
    };
    Grant::new(need, object, Rights::RW)
}

/// The registers of the event timer, if they are memory.
const EVENT_TIMER: &[Grant] = match PLATFORM.timer.page() {
    Some(paddr) => &[Grant::new("registers", Object::Mmio { paddr, pages: 1 }, Rights::RW)],
    None => &[],
};

/// Both lists.
const fn join<const N: usize>(first: &[Grant], second: &[Grant]) -> [Grant; N] {
    let mut all = [first[0]; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < first.len() { first[i] } else { second[i - first.len()] };
        i += 1;
    }
    all
}

const fn cells(hook: u32) -> Grant {
    Grant::new("cells", Object::Cells { hook }, Rights::WG)
}

const fn ready(index: usize) -> Grant {
    signal("ready", ROOT, ready_badge(index))
}

const fn log_signal() -> Grant {
    signal("log-signal", "serial", serial::BIT_LOG)
}

/// Who holds what on this board.
pub const SYSTEM: System = System {
    memory: &[
        memory(ROOT, "log", serial::LOGS[0].pages),
        memory(ROOT, "report", agent::REPORT.pages),
        memory(ROOT, "events", agent::EVENTS_ROOT.pages),
        memory(ROOT, "table", agent::TABLE.pages),
        memory(ROOT, "cells", agent::CELLS.pages),
        memory("timer", "log", LOG),
        memory("timer", "counters", 1),
        memory("timer", "clock", 1),
        memory("tick", "log", LOG),
        memory("tick", "counters", 1),
        memory("serial", "log", LOG),
        memory("serial", "counters", 1),
        memory("serial", "control-rx", serial::CONTROL_RX.pages),
        memory("serial", "control-tx", serial::CONTROL_TX.pages),
        memory("metrics", "log", LOG),
        memory("metrics", "counters", 1),
        memory("metrics", "rates", metrics::RATES.pages),
        memory("agent", "log", LOG),
        memory("agent", "counters", 1),
        memory("agent", "events", agent::EVENTS_OWN.pages),
        memory("agent", "hooks", agent::HOOKS.pages),
        memory("agent", "ledger", agent::LEDGER.pages),
        memory("agent", "maps", agent::MAPS.pages),
    ],
    services: &[TIMER, TICK, SERIAL, METRICS, AGENT],
    cells: Cells { priority: 200, restart: CELLS, contexts: &[(3, "metrics", "rates")] },
};

const _: () = check::require(&SYSTEM);

/// Above the cells: whatever they do, the watchdog looks.
const TIMER: Service = Service {
    name: "timer",
    priority: 210,
    stack_pages: 4,
    restart: RESTART,
    needs: &[standard::NEEDS, timer::NEEDS, timer::DEVICE],
    grants: &join::<{ TIMER_GRANTS.len() + EVENT_TIMER.len() }>(TIMER_GRANTS, EVENT_TIMER),
};

const TIMER_GRANTS: &[Grant] = &[
    ready(0),
    log_signal(),
    share("log", "timer", "log", Rights::RW),
    share("counters", "timer", "counters", Rights::RW),
    share("clock", "timer", "clock", Rights::RW),
    own_endpoint("requests", "timer"),
    own_notification("timer"),
    irq("irq", PLATFORM.timer.irq(), timer::BIT_IRQ),
    signal("metrics", "metrics", metrics::BIT_TIMER),
    signal("tick", "tick", tick::BIT_TIMER),
    signal("watchdog", ROOT, WATCH_BADGE),
    share("hooks", "agent", "hooks", Rights::R),
];

const TICK: Service = Service {
    name: "tick",
    priority: 200,
    stack_pages: 4,
    restart: RESTART,
    needs: &[standard::NEEDS, tick::NEEDS],
    grants: &[
        ready(1),
        log_signal(),
        share("log", "tick", "log", Rights::RW),
        share("counters", "tick", "counters", Rights::RW),
        share("clock", "timer", "clock", Rights::R),
        own_notification("tick"),
        call("timer", "timer", 2),
        share("hooks", "agent", "hooks", Rights::R),
        cells(1),
    ],
};

const SERIAL: Service = Service {
    name: "serial",
    priority: 200,
    stack_pages: 4,
    restart: Restart { input_driven: true, ..RESTART },
    needs: &[standard::NEEDS, serial::NEEDS],
    grants: &[
        ready(2),
        log_signal(),
        share("log", "serial", "log", Rights::RW),
        share("counters", "serial", "counters", Rights::RW),
        share("clock", "timer", "clock", Rights::R),
        own_notification("serial"),
        irq("console-irq", PLATFORM.console.irq, serial::BIT_CONSOLE),
        irq("control-irq", PLATFORM.control.irq, serial::BIT_CONTROL),
        uart("console", PLATFORM.console.at),
        uart("control", PLATFORM.control.at),
        signal("agent", "agent", agent::BIT_STREAM),
        share("log-root", ROOT, "log", Rights::RW),
        share("log-timer", "timer", "log", Rights::RW),
        share("log-tick", "tick", "log", Rights::RW),
        share("log-metrics", "metrics", "log", Rights::RW),
        share("log-agent", "agent", "log", Rights::RW),
        share("control-rx", "serial", "control-rx", Rights::RW),
        share("control-tx", "serial", "control-tx", Rights::RW),
        share("hooks", "agent", "hooks", Rights::R),
        cells(2),
    ],
};

const METRICS: Service = Service {
    name: "metrics",
    priority: 120,
    stack_pages: 4,
    // A flood on the console, served above it, may keep it from running.
    restart: Restart { silent_ms: 1_000, ..RESTART },
    needs: &[standard::NEEDS, metrics::NEEDS],
    grants: &[
        ready(3),
        log_signal(),
        share("log", "metrics", "log", Rights::RW),
        share("counters", "metrics", "counters", Rights::RW),
        share("clock", "timer", "clock", Rights::R),
        own_notification("metrics"),
        call("timer", "timer", 1),
        share("timer-counters", "timer", "counters", Rights::R),
        share("tick", "tick", "counters", Rights::R),
        share("serial", "serial", "counters", Rights::R),
        share("agent", "agent", "counters", Rights::R),
        share("rates", "metrics", "rates", Rights::RW),
        share("hooks", "agent", "hooks", Rights::R),
        cells(3),
    ],
};

const AGENT: Service = Service {
    name: "agent",
    priority: 100,
    stack_pages: 40,
    // Verifying a long program takes seconds on a slow machine.
    restart: Restart { silent_ms: 5_000, ..RESTART },
    needs: &[standard::NEEDS, agent::NEEDS],
    grants: &[
        ready(4),
        log_signal(),
        share("log", "agent", "log", Rights::RW),
        share("counters", "agent", "counters", Rights::RW),
        share("clock", "timer", "clock", Rights::R),
        own_notification("agent"),
        signal("serial", "serial", serial::BIT_STREAM),
        signal("tick", "tick", tick::BIT_HOOK),
        signal("timer", "timer", timer::BIT_HOOK),
        call("root", ROOT, control_badge(4)),
        share("control-rx", "serial", "control-rx", Rights::RW),
        share("control-tx", "serial", "control-tx", Rights::RW),
        share("hooks", "agent", "hooks", Rights::RW),
        share("report", ROOT, "report", Rights::R),
        share("events-root", ROOT, "events", Rights::R),
        share("events-own", "agent", "events", Rights::RW),
        share("table", ROOT, "table", Rights::R),
        share("cells", ROOT, "cells", Rights::R),
        share("rates", "metrics", "rates", Rights::R),
        share("counters-timer", "timer", "counters", Rights::R),
        share("counters-tick", "tick", "counters", Rights::R),
        share("counters-serial", "serial", "counters", Rights::R),
        share("counters-metrics", "metrics", "counters", Rights::R),
        share("ledger", "agent", "ledger", Rights::RW),
        share("maps", "agent", "maps", Rights::RW),
    ],
};
