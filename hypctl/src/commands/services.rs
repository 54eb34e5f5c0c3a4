//! `services`.

use anyhow::{Result, bail};
use proto::host::{Counter, Service, ServiceState};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::pages;
use crate::{
    client::Client,
    output::{Output, Row, clean},
    units::{bytes, duration},
};

/// Prints all services, or the one that is named with its counters; `counters`: the counters of all.
pub fn services(client: &mut Client, name: Option<&str>, counters: bool, out: &mut Output<'_>) -> Result<()> {
    let mut services: Vec<Service> = pages::all(client)?;
    if let Some(name) = name {
        let names: Vec<_> = services.iter().map(|s| clean(&s.name)).collect();
        services.retain(|s| s.name == name);
        if services.is_empty() {
            bail!("no service {name}; there are: {}", names.join(", "));
        }
    }
    let rows: Vec<_> = services.iter().map(ServiceRow::from).collect();
    if out.json || !counters {
        out.list(&rows, "no services")?;
    }
    if out.json || !(counters || name.is_some()) {
        return Ok(());
    }
    if !counters {
        out.line("")?;
    }
    let counts: Vec<_> =
        services.iter().flat_map(|s| s.counters.iter().map(|c| CounterRow::new(&s.name, c))).collect();
    Ok(out.list(&counts, "no counters")?)
}

#[derive(Serialize)]
struct ServiceRow {
    name: String,
    state: String,
    priority: u32,
    restarts: u32,
    strikes: u32,
    last_fault: String,
    memory_bytes: u64,
    /// Name to value and rate.
    counters: Map<String, Value>,
}

impl From<&Service> for ServiceRow {
    fn from(s: &Service) -> Self {
        let counter = |c: &Counter| {
            let rate = (!is_gauge(&c.name)).then_some(c.per_second);
            (c.name.clone(), json!({ "value": c.value, "per_second": rate }))
        };
        Self {
            name: s.name.clone(),
            state: state(s.state()),
            priority: s.priority,
            restarts: s.restarts,
            strikes: s.strikes,
            last_fault: s.last_fault.clone(),
            memory_bytes: s.memory_bytes,
            counters: s.counters.iter().map(counter).collect(),
        }
    }
}

/// A state's name, as people read it.
pub fn state(state: ServiceState) -> String {
    state.as_str_name().trim_start_matches("SERVICE_STATE_").to_lowercase()
}

impl Row for ServiceRow {
    const HEADER: &'static [&'static str] =
        &["NAME", "STATE", "PRIORITY", "RESTARTS", "STRIKES", "MEMORY", "LAST FAULT"];

    fn cells(&self) -> Vec<String> {
        vec![
            clean(&self.name),
            self.state.clone(),
            self.priority.to_string(),
            self.restarts.to_string(),
            self.strikes.to_string(),
            bytes(self.memory_bytes),
            clean(&self.last_fault),
        ]
    }
}

/// Whether a counter is measured and not counted, by its name: a time. Its change in a second says nothing.
fn is_gauge(name: &str) -> bool {
    name.ends_with("_ns") || name.ends_with("_ns_max")
}

#[derive(Serialize)]
struct CounterRow {
    service: String,
    name: String,
    value: String,
    rate: String,
}

impl CounterRow {
    fn new(service: &str, c: &Counter) -> Self {
        let gauge = is_gauge(&c.name);
        Self {
            service: clean(service),
            name: clean(&c.name),
            value: if gauge { duration(c.value) } else { c.value.to_string() },
            rate: if gauge || c.per_second == 0 { String::new() } else { format!("{}/s", c.per_second) },
        }
    }
}

impl Row for CounterRow {
    const HEADER: &'static [&'static str] = &["SERVICE", "COUNTER", "VALUE", "RATE"];

    fn cells(&self) -> Vec<String> {
        vec![self.service.clone(), self.name.clone(), self.value.clone(), self.rate.clone()]
    }
}
