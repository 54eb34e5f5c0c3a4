//! What the tables of this folder are made of: a server, and a client beside it.
#![allow(dead_code, unused_imports, unused_macros)]

pub use caps::{Grant, Kind, Need, Object, Region, Rights, Slot};
pub use system::{Cells, Memory, OnLimit, ROOT, Restart, Service, System, control_badge, require};

const RESTART: Restart =
    Restart { backoff_ms: 1, limit: 1, clean_after_s: 1, silent_ms: 1, input_driven: false, on_limit: OnLimit::Stop };

/// It serves the protocol "p".
pub const SERVER: Service = Service {
    name: "server",
    priority: 20,
    stack_pages: 1,
    restart: RESTART,
    needs: &[&[Need::serve("in", Slot(8), "p"), Need::wait("events", Slot(9))]],
    grants: &[
        Grant::new("in", Object::Endpoint { of: "server", badge: 0 }, Rights::R),
        Grant::new("events", Object::Notification { of: "server", badge: 0 }, Rights::R),
    ],
};

pub const CELLS: Cells = Cells { priority: 10, restart: RESTART, contexts: &[] };

/// A need of the server, and what answers it.
pub const CALL: Need = Need::call("server", Slot(8), "p");
pub const TO_SERVER: Grant = Grant::new("server", Object::Endpoint { of: "server", badge: 1 }, Rights::WG);

/// A need of memory, and what answers it.
pub const MEMORY: Need = Need::memory("memory", Region::at(0x2000_0000, 2), Rights::RW);
pub const THE_MEMORY: Grant =
    Grant::new("memory", Object::Memory { of: "server", name: "memory" }, Rights::RW);

/// A client that has these needs and grants.
pub const fn client(needs: &'static [&'static [Need]], grants: &'static [Grant]) -> Service {
    Service { name: "client", priority: 10, needs, grants, ..SERVER }
}

/// Requires the table of the server and a client.
macro_rules! require_with {
    ($client:expr) => {
        const _: () = require(&System {
            memory: &[Memory { of: "server", name: "memory", pages: 2 }],
            services: &[SERVER, $client],
            cells: CELLS,
        });
    };
}
