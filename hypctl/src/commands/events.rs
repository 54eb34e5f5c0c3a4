//! `events`: what happened to services, cells and programs.

use std::{thread, time::Duration};

use anyhow::Result;
use proto::host::{Event, EventKind, Events, EventsRequest, request, response};
use serde::Serialize;

use super::{stop, unexpected};
use crate::{
    client::{Client, Repeat},
    output::{Output, clean},
    units::stamp,
};

/// How long to wait when nothing is new.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints the events that the device still has; with `follow`, also those to come, until Ctrl-C is pressed.
pub fn events(client: &mut Client, follow: bool, out: &mut Output<'_>) -> Result<()> {
    if follow {
        stop::on_ctrl_c()?;
    }
    let (mut next, mut rows) = (EventsRequest::default(), Vec::new());
    loop {
        let page = ask(client, next)?;
        if page.lost > 0 {
            eprintln!("hypctl: {} earlier events were overwritten", page.lost);
        }
        for row in page.events.iter().map(Row::from) {
            if !out.json {
                out.line(&row.line())?;
            } else if follow {
                out.value(&row)?;
            } else {
                rows.push(row);
            }
        }
        next = EventsRequest { next_root: page.next_root, next_agent: page.next_agent };
        if stop::asked() || !(follow || page.more) {
            break;
        }
        if !page.more {
            thread::sleep(PAUSE);
        }
    }
    if out.json && !follow { Ok(out.value(&rows)?) } else { Ok(()) }
}

fn ask(client: &mut Client, next: EventsRequest) -> Result<Events> {
    match client.request(Repeat::Yes, &request::Body::Events(next))? {
        response::Body::Events(page) => Ok(page),
        other => Err(unexpected(&other)),
    }
}

#[derive(Serialize)]
struct Row {
    time_ns: u64,
    subject: String,
    kind: String,
    text: String,
}

impl From<&Event> for Row {
    fn from(event: &Event) -> Self {
        let kind = match EventKind::try_from(event.kind) {
            Ok(kind) => kind.as_str_name().trim_start_matches("EVENT_KIND_").to_lowercase(),
            Err(_) => format!("kind_{}", event.kind),
        };
        Self { time_ns: event.time_ns, subject: event.subject.clone(), kind, text: event.text.clone() }
    }
}

impl Row {
    /// `[   12.345678] timer: fault: text`.
    fn line(&self) -> String {
        let colon = if self.text.is_empty() { "" } else { ": " };
        let kind = self.kind.replace('_', " ");
        format!("{} {}: {kind}{colon}{}", stamp(self.time_ns), clean(&self.subject), clean(&self.text))
    }
}
