//! table: metrics.timer: the server does not rank above its caller
use system::{SYSTEM, Service, System, require};

/// The table of hypOS, but for one number.
const SERVICES: [Service; SYSTEM.services.len()] = {
    let mut services = [SYSTEM.services[0]; SYSTEM.services.len()];
    let mut i = 0;
    while i < services.len() {
        services[i] = SYSTEM.services[i];
        if matches!(services[i].name.as_bytes(), b"metrics") {
            services[i].priority = 255;
        }
        i += 1;
    }
    services
};

const _: () = require(&System { services: &SERVICES, ..SYSTEM });

fn main() {}
