//! What a program did, as text or JSON.

use anyhow::Result;
use bpf_runtime::map::{Map, MapKind};
use proto::host::MapEntry;
use serde::Serialize;

use super::host::{Host, HostMap};
use crate::{
    commands::map::EntryRow,
    output::{
        Output, clean,
        value::{hex_and_number, json_bytes},
    },
    units,
};

/// Bytes of keys and values shown of one map at most.
const MAX_SHOWN_BYTES: usize = 1 << 20;

/// The runs for one event.
#[derive(Debug, Default, Serialize)]
pub struct Run {
    /// Number of the packet in its file, from 1.
    pub packet: Option<u64>,
    /// How often the program was run.
    pub runs: u64,
    /// Its answer in the last run; none if that trapped.
    pub r0: Option<u64>,
    /// Instructions that the last run executed; none if it trapped.
    pub instructions: Option<u64>,
    /// Time of a run on the average.
    pub duration_ns: u64,
    /// Why the last run was ended before its exit.
    pub trap: Option<String>,
}

/// Something that a program printed, or sent through a ring buffer.
#[derive(Debug, Serialize)]
pub struct Record {
    /// The program that printed, or the map.
    pub source: String,
    /// Bytes of the whole record; there may be its beginning only.
    pub size: usize,
    /// What was printed or sent.
    #[serde(flatten)]
    pub body: Body,
}

/// What a program printed or sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Printed.
    Text(String),
    /// Sent.
    Data(#[serde(serialize_with = "bytes")] Vec<u8>),
}

/// What a map holds.
#[derive(Serialize)]
struct MapReport {
    name: String,
    r#type: &'static str,
    entries: Vec<EntryRow>,
    /// Entries of an array that are zero: they are not in `entries`.
    entries_zero: u32,
    /// Entries behind [`MAX_SHOWN_BYTES`].
    entries_left_out: u32,
}

/// All of it.
#[derive(Serialize)]
pub struct Report {
    name: String,
    hook: &'static str,
    /// For each event.
    pub runs: Vec<Run>,
    trace: Vec<Record>,
    trace_left_out: u64,
    maps: Vec<MapReport>,
}

impl Report {
    /// Nothing was run yet.
    pub fn new(name: &str, hook: &'static str) -> Self {
        let (runs, trace, maps) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.into(), hook, runs, trace, trace_left_out: 0, maps }
    }

    /// Takes in what the runs left behind.
    pub fn finish(&mut self, host: Host<'_>) {
        self.maps = host.maps.iter().filter_map(MapReport::new).collect();
        (self.trace, self.trace_left_out) = host.into_records();
    }

    /// Prints it.
    pub fn print(&self, out: &mut Output<'_>) -> Result<()> {
        if out.json {
            return Ok(out.value(self)?);
        }
        for record in &self.trace {
            out.line(&record.line())?;
        }
        if self.trace_left_out > 0 {
            out.line(&format!("... and {} records more", self.trace_left_out))?;
        }
        for run in &self.runs {
            out.line(&run.line(&self.name))?;
        }
        for map in &self.maps {
            map.print(out)?;
        }
        Ok(())
    }
}

impl Run {
    fn line(&self, name: &str) -> String {
        let what = match self.packet {
            Some(number) => format!("{name}, packet {number}"),
            None => name.into(),
        };
        let time = units::duration(self.duration_ns);
        let time = if self.runs == 1 { time } else { format!("{time} on the average of {} runs", self.runs) };
        match (self.r0, self.instructions, &self.trap) {
            (_, _, Some(trap)) => format!("{what}: trapped in run {}: {}", self.runs, clean_lines(trap)),
            (r0, instructions, None) => {
                let (r0, instructions) = (answer(r0.unwrap_or(0)), instructions.unwrap_or(0));
                let plural = if instructions == 1 { "" } else { "s" };
                format!("{what}: r0 = {r0}, {instructions} instruction{plural}, {time}")
            }
        }
    }
}

/// An answer, in hex too where that is another text.
fn answer(r0: u64) -> String {
    if r0 < 10 { r0.to_string() } else { format!("{} ({r0:#x})", r0 as i64) }
}

/// Text with line ends, each line fit for a terminal.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

impl Record {
    fn line(&self) -> String {
        let (what, cut) = match &self.body {
            Body::Text(text) => (clean(text.trim_end_matches('\n')), false),
            Body::Data(data) => (hex_and_number(data), data.len() < self.size),
        };
        let cut = if cut { format!(" ... of {} bytes", self.size) } else { String::new() };
        format!("{}: {what}{cut}", self.source)
    }
}

fn bytes<S: serde::Serializer>(data: &[u8], to: S) -> Result<S::Ok, S::Error> {
    json_bytes(data).serialize(to)
}

impl MapReport {
    /// What a map holds; none for those that programs can't write to, and those whose contents are records.
    fn new(map: &HostMap) -> Option<Self> {
        let view = map.open().ok().filter(|view| view.ring().is_none() && !map.spec.is_read_only())?;
        let mut report = Self {
            name: map.name.clone(),
            r#type: map.spec.kind.name(),
            entries: Vec::new(),
            entries_zero: 0,
            entries_left_out: 0,
        };
        let mut shown = 0;
        // Of an array each entry is there, used or not.
        let array = matches!(map.spec.kind, MapKind::Array | MapKind::PercpuArray | MapKind::ProgArray);
        for entry in entries(&view) {
            let size = entry.key.len() + entry.value.len();
            if array && entry.value.iter().all(|byte| *byte == 0) {
                report.entries_zero += 1;
            } else if shown + size > MAX_SHOWN_BYTES {
                report.entries_left_out += 1;
            } else {
                shown += size;
                report.entries.push(EntryRow::from(&entry));
            }
        }
        Some(report)
    }

    fn print(&self, out: &mut Output<'_>) -> Result<()> {
        let rest = |n, what| if n > 0 { format!(", {n} {what}") } else { String::new() };
        let (zero, left_out) = (rest(self.entries_zero, "zero"), rest(self.entries_left_out, "left out"));
        let shown = self.entries.len();
        out.line(&format!("map {} ({}): {shown} shown{zero}{left_out}", self.name, self.r#type))?;
        if self.entries.is_empty() { Ok(()) } else { Ok(out.list(&self.entries, "")?) }
    }
}

/// The entries of a map, one after the other.
fn entries<'m>(map: &'m Map<'_>) -> impl Iterator<Item = MapEntry> + 'm {
    let (mut cursor, spec) = (0, map.spec());
    std::iter::from_fn(move || {
        let (mut key, mut value) = (vec![0; spec.key_size as usize], vec![0; spec.value_size as usize]);
        cursor = map.next(cursor, &mut key, &mut value)?;
        Some(MapEntry { key, value, offset: 0 })
    })
}
