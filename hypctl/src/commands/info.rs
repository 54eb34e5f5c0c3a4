//! `status`, `caps`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use proto::host::{Cap, Status, StatusRequest, request, response};
use serde::Serialize;
use serde_json::{Value, json};

use super::{pages, unexpected};
use crate::{
    client::{Client, Repeat},
    output::{Output, Row, clean, picture},
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

/// Prints who holds what; with `svg` as a picture, into that file if it is named.
pub fn caps(client: &mut Client, svg: Option<&Option<PathBuf>>, out: &mut Output<'_>) -> Result<()> {
    let caps: Vec<Cap> = pages::all(client)?;
    match svg {
        None => {}
        Some(None) => return Ok(out.writer().write_all(picture::draw(&caps).as_bytes())?),
        Some(Some(file)) => {
            fs::write(file, picture::draw(&caps)).with_context(|| file.display().to_string())?;
            return Ok(out.done(&format!("{} written", file.display()))?);
        }
    }
    let rows: Vec<_> = caps.iter().map(CapRow::from).collect();
    Ok(out.list(&rows, "no capabilities")?)
}

#[derive(Serialize)]
struct CapRow {
    service: String,
    /// Where its CNode has it; null for memory and for a restart policy.
    slot: Option<u32>,
    /// Where it is mapped; null for what has a slot.
    address: Option<u64>,
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
            slot: Some(c.slot).filter(|slot| *slot != 0 && c.address == 0),
            address: Some(c.address).filter(|address| *address != 0),
            name: c.name.clone(),
            r#type: c.kind.clone(),
            object: c.object.clone(),
            rights: c.rights.clone(),
            badge: c.badge,
        }
    }
}

impl Row for CapRow {
    const HEADER: &'static [&'static str] = &["SERVICE", "AT", "NAME", "TYPE", "OBJECT", "RIGHTS", "BADGE"];

    fn cells(&self) -> Vec<String> {
        let badge = if self.badge == 0 { String::new() } else { format!("{:#x}", self.badge) };
        let at = match (self.slot, self.address) {
            (_, Some(address)) => format!("{address:#x}"),
            (Some(slot), None) => format!("slot {slot}"),
            // A policy; no capability is in slot 0.
            (None, None) => String::new(),
        };
        vec![
            clean(&self.service),
            at,
            clean(&self.name),
            clean(&self.r#type),
            clean(&self.object),
            clean(&self.rights),
            badge,
        ]
    }
}
