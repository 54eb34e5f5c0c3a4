//! `status`, `services`, `caps`.

use anyhow::Result;
use proto::host::{Cap, Service, ServiceState, Status, StatusRequest, request, response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{pages, unexpected};
use crate::{
    client::{Client, Repeat},
    output::{Output, Row, clean},
    units::{bytes, duration},
};

/// Prints the device's state.
pub fn status(client: &mut Client, out: &mut Output<'_>) -> Result<()> {
    let s = match client.request(Repeat::Yes, &request::Body::Status(StatusRequest {}))? {
        response::Body::Status(status) => status,
        other => return Err(unexpected(&other)),
    };
    let facts = [
        ("version", format!("hypOS {}", clean(&s.version))),
        ("platform", clean(&s.platform)),
        ("kernel", clean(&s.kernel)),
        ("up", format!("{}, booted in {}", duration(s.uptime_ns), duration(s.boot_ns))),
        ("memory", format!("{} of {} used", bytes(s.memory_used), bytes(s.memory_total))),
        (
            "programs",
            format!("{}, {} attached, {} free", s.programs, s.attachments, bytes(s.program_memory_free)),
        ),
        ("maps", format!("{}, {} free", s.maps, bytes(s.map_memory_free))),
        ("events", s.events.to_string()),
        ("frames", format!("{} good, {} bad", s.frames_ok, s.frames_bad)),
    ];
    Ok(out.facts(&json_status(&s), &facts)?)
}

fn json_status(s: &Status) -> Value {
    json!({
        "version": s.version, "platform": s.platform, "kernel": s.kernel,
        "uptime_ns": s.uptime_ns, "boot_ns": s.boot_ns,
        "memory_total": s.memory_total, "memory_used": s.memory_used,
        "programs": s.programs, "maps": s.maps, "attachments": s.attachments,
        "program_memory_free": s.program_memory_free, "map_memory_free": s.map_memory_free,
        "frames_ok": s.frames_ok, "frames_bad": s.frames_bad, "events": s.events,
    })
}

/// Prints the services.
pub fn services(client: &mut Client, out: &mut Output<'_>) -> Result<()> {
    let services: Vec<Service> = pages::all(client)?;
    let rows: Vec<_> = services.iter().map(ServiceRow::from).collect();
    Ok(out.list(&rows, "no services")?)
}

/// Prints who holds what.
pub fn caps(client: &mut Client, out: &mut Output<'_>) -> Result<()> {
    let caps: Vec<Cap> = pages::all(client)?;
    let rows: Vec<_> = caps.iter().map(CapRow::from).collect();
    Ok(out.list(&rows, "no capabilities")?)
}

#[derive(Serialize)]
struct ServiceRow {
    name: String,
    state: String,
    priority: u32,
    restarts: u32,
    last_fault: String,
    memory_bytes: u64,
    /// Name to value and rate.
    counters: Map<String, Value>,
    #[serde(skip)]
    rates: Vec<String>,
}

impl From<&Service> for ServiceRow {
    fn from(s: &Service) -> Self {
        let state = ServiceState::try_from(s.state).unwrap_or_default().as_str_name();
        let counter = |c: &proto::host::Counter| {
            (c.name.clone(), json!({ "value": c.value, "per_second": c.per_second }))
        };
        let rate = |c: &proto::host::Counter| match c.per_second {
            0 => format!("{} {}", clean(&c.name), c.value),
            rate => format!("{} {} ({rate}/s)", clean(&c.name), c.value),
        };
        Self {
            name: s.name.clone(),
            state: state.trim_start_matches("SERVICE_STATE_").to_lowercase(),
            priority: s.priority,
            restarts: s.restarts,
            last_fault: s.last_fault.clone(),
            memory_bytes: s.memory_bytes,
            counters: s.counters.iter().map(counter).collect(),
            rates: s.counters.iter().map(rate).collect(),
        }
    }
}

impl Row for ServiceRow {
    const HEADER: &'static [&'static str] =
        &["NAME", "STATE", "PRIORITY", "RESTARTS", "MEMORY", "COUNTERS", "LAST FAULT"];

    fn cells(&self) -> Vec<String> {
        vec![
            clean(&self.name),
            self.state.clone(),
            self.priority.to_string(),
            self.restarts.to_string(),
            bytes(self.memory_bytes),
            self.rates.join(", "),
            clean(&self.last_fault),
        ]
    }
}

#[derive(Serialize)]
struct CapRow {
    service: String,
    slot: u32,
    name: String,
    r#type: String,
    object: String,
    rights: String,
    badge: u64,
}

impl From<&Cap> for CapRow {
    fn from(c: &Cap) -> Self {
        Self {
            service: c.service.clone(),
            slot: c.slot,
            name: c.name.clone(),
            r#type: c.kind.clone(),
            object: c.object.clone(),
            rights: c.rights.clone(),
            badge: c.badge,
        }
    }
}

impl Row for CapRow {
    const HEADER: &'static [&'static str] = &["SERVICE", "SLOT", "NAME", "TYPE", "OBJECT", "RIGHTS", "BADGE"];

    fn cells(&self) -> Vec<String> {
        let badge = if self.badge == 0 { String::new() } else { format!("{:#x}", self.badge) };
        vec![
            clean(&self.service),
            self.slot.to_string(),
            clean(&self.name),
            clean(&self.r#type),
            clean(&self.object),
            clean(&self.rights),
            badge,
        ]
    }
}
