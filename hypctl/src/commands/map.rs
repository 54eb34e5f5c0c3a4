//! `map`: list, dump; the commands on one entry are in `entry`.

use anyhow::{Context, Result, bail};
use bpf_runtime::map::{MAX_MAP_BYTES, MapKind};
use proto::host::{Map as MapInfo, MapDumpRequest, MapEntry, request, response};
use serde::Serialize;
use serde_json::{Value, json};

use super::{entry, pages, unexpected};
use crate::{
    cli::Map,
    client::{Client, Repeat},
    output::{
        Output, Row, clean,
        value::{hex_and_number, json_bytes, json_formatted},
    },
    target::Target,
    units,
};

/// Bytes of all entries of a dump at most.
const MAX_DUMP_BYTES: usize = 2 * MAX_MAP_BYTES;

/// Carries out a command on maps.
pub fn run(client: &mut Client, command: &Map, out: &mut Output<'_>) -> Result<()> {
    match command {
        Map::List { words } => list(client, words, out),
        Map::Dump { words } => dump(client, &Target::only(words)?, out),
        Map::Get { words } => entry::get(client, words, out),
        Map::Set { words, only } => entry::set(client, words, *only, out),
        Map::Delete { words } => entry::delete(client, words, out),
    }
}

fn list(client: &mut Client, words: &[String], out: &mut Output<'_>) -> Result<()> {
    let target = if words.is_empty() { None } else { Some(Target::only(words)?) };
    let mut maps: Vec<MapInfo> = pages::all(client)?;
    if let Some(target) = &target {
        maps.retain(|m| target.matches(m.id, &m.name));
        if maps.is_empty() {
            bail!("no map {target}: map list shows all");
        }
    }
    let rows: Vec<_> = maps.iter().map(MapRow::from).collect();
    Ok(out.list(&rows, "no maps: they come with programs")?)
}

fn dump(client: &mut Client, target: &Target, out: &mut Output<'_>) -> Result<()> {
    let (map, entries) = fetch(client, target)?;
    let taken_by_trace = match MapKind::from_number(map.kind) {
        Some(MapKind::RingBuf) => Some("a ring buffer's records are taken by hypctl trace"),
        Some(MapKind::PerfEventArray) => Some("a perf event array's samples are taken by hypctl trace"),
        _ => None,
    };
    if let Some(text) = taken_by_trace.filter(|_| !out.json) {
        return Ok(out.line(text)?);
    }
    let rows: Vec<_> = entries.iter().map(EntryRow::from).collect();
    if out.json {
        return Ok(out.value(&rows)?);
    }
    out.list(&rows, "Found 0 elements")?;
    let plural = if rows.len() == 1 { "" } else { "s" };
    if !rows.is_empty() {
        out.line(&format!("Found {} element{plural}", rows.len()))?;
    }
    Ok(())
}

/// All entries of a map; values that came in pieces are put together.
fn fetch(client: &mut Client, target: &Target) -> Result<(MapInfo, Vec<MapEntry>)> {
    let (id, name) = target.id_and_name();
    let (mut entries, mut cursor, mut bytes) = (Vec::<MapEntry>::new(), 0, 0);
    loop {
        let body = request::Body::MapDump(MapDumpRequest { id, name: name.clone(), cursor });
        let page = match client.request(Repeat::Yes, &body)? {
            response::Body::MapEntries(page) => page,
            other => return Err(unexpected(&other)),
        };
        let progress = page.next != cursor && !page.entries.is_empty();
        for entry in page.entries {
            bytes += entry.key.len() + entry.value.len() + 1;
            match entries.last_mut().filter(|last| entry.offset != 0 && last.key == entry.key) {
                None if entry.offset == 0 => entries.push(entry),
                Some(last) if last.value.len() == entry.offset as usize => last.value.extend(entry.value),
                Some(_) => bail!("the device left out a part of a value"),
                // Its beginning belonged to an entry that went meanwhile.
                None => {}
            }
        }
        if page.next == 0 {
            let map = page.map.context("the device did not say which map it is")?;
            // An entry that went between two of its pieces is no entry any more.
            entries.retain(|entry| entry.value.len() == map.value_size as usize);
            return Ok((map, entries));
        }
        if !progress || bytes > MAX_DUMP_BYTES {
            bail!("the device's dump of {target} does not end");
        }
        cursor = page.next;
    }
}

/// An entry, as it is printed.
#[derive(Serialize)]
pub struct EntryRow {
    key: Value,
    value: Value,
    formatted: Value,
    #[serde(skip)]
    cells: [String; 2],
}

impl From<&MapEntry> for EntryRow {
    fn from(entry: &MapEntry) -> Self {
        Self {
            key: json_bytes(&entry.key),
            value: json_bytes(&entry.value),
            formatted: json!({ "key": json_formatted(&entry.key), "value": json_formatted(&entry.value) }),
            cells: [hex_and_number(&entry.key), hex_and_number(&entry.value)],
        }
    }
}

impl Row for EntryRow {
    const HEADER: &'static [&'static str] = &["KEY", "VALUE"];

    fn cells(&self) -> Vec<String> {
        self.cells.to_vec()
    }
}

#[derive(Serialize)]
struct MapRow {
    id: u32,
    name: String,
    r#type: String,
    bytes_key: u32,
    bytes_value: u32,
    max_entries: u32,
    entries: u32,
    bytes_memlock: u64,
    read_only: bool,
}

impl From<&MapInfo> for MapRow {
    fn from(map: &MapInfo) -> Self {
        let kind = MapKind::from_number(map.kind);
        Self {
            id: map.id,
            name: map.name.clone(),
            r#type: kind.map_or_else(|| map.kind.to_string(), |kind| kind.name().into()),
            bytes_key: map.key_size,
            bytes_value: map.value_size,
            max_entries: map.max_entries,
            entries: map.entries,
            bytes_memlock: map.memory_bytes,
            read_only: map.read_only,
        }
    }
}

impl Row for MapRow {
    const HEADER: &'static [&'static str] =
        &["ID", "NAME", "TYPE", "KEY", "VALUE", "ENTRIES", "MAX", "MEMORY", "ACCESS"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            clean(&self.name),
            clean(&self.r#type),
            units::bytes(self.bytes_key.into()),
            units::bytes(self.bytes_value.into()),
            self.entries.to_string(),
            self.max_entries.to_string(),
            units::bytes(self.bytes_memlock),
            if self.read_only { "read-only" } else { "read-write" }.into(),
        ]
    }
}
