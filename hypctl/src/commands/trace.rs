//! `trace`: what programs print and send, as it comes.

use std::{thread, time::Duration};

use anyhow::Result;
use proto::host::{TraceRecord, TraceRequest, request, response, trace_record};
use serde_json::{Value, json};

use super::{stop, unexpected};
use crate::{
    client::{Client, Repeat},
    output::{
        Output, clean,
        value::{hex_and_number, json_bytes},
    },
    units::stamp,
};

/// How long to wait when nothing waits on the device.
const PAUSE: Duration = Duration::from_millis(20);

/// Prints records until `count` were printed or Ctrl-C is pressed.
pub fn trace(client: &mut Client, count: Option<u64>, out: &mut Output<'_>) -> Result<()> {
    // What a request takes off the device is gone, so the one under way is printed before we end.
    stop::on_ctrl_c()?;
    let mut left = count.unwrap_or(u64::MAX);
    let mut lost = None;
    while left > 0 && !stop::asked() {
        let asked = TraceRequest { most: u32::try_from(left).unwrap_or(u32::MAX) };
        let records = match client.request(Repeat::Yes, &request::Body::Trace(asked))? {
            response::Body::Trace(records) => records,
            other => return Err(unexpected(&other)),
        };
        // What was lost before we looked is nobody's surprise.
        let before = lost.replace(records.lost).unwrap_or(records.lost);
        if records.lost > before {
            eprintln!("hypctl: {} records were lost: the device's ring was full", records.lost - before);
        }
        for record in records.records.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
            left -= 1;
            if out.json { out.value(&json_record(record))? } else { out.line(&line(record))? }
        }
        if !records.more && left > 0 {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// `[   12.345678] tick: text`, as Linux's log.
fn line(record: &TraceRecord) -> String {
    let (what, len) = match &record.body {
        Some(trace_record::Body::Text(text)) => (clean(text.trim_end_matches('\n')), text.len()),
        Some(trace_record::Body::Data(data)) => (hex_and_number(data), data.len()),
        None => (String::new(), 0),
    };
    let cut =
        if record.size as usize > len { format!(" ... of {} bytes", record.size) } else { String::new() };
    format!("{} {}: {what}{cut}", stamp(record.time_ns), clean(&record.source))
}

fn json_record(record: &TraceRecord) -> Value {
    let mut value = json!({ "time_ns": record.time_ns, "source": record.source, "size": record.size });
    match &record.body {
        Some(trace_record::Body::Text(text)) => value["text"] = json!(text),
        Some(trace_record::Body::Data(data)) => value["data"] = json_bytes(data),
        None => {}
    }
    value
}
