//! What happened, for the host: the root task's events, and the agent's own, which are the changes that the host asked
//! for.

use heapless::String;
use proto::device::{
    Error, Event, EventKind, Events as Page, EventsRequest, ProgramRequest, Request_::Body as Asked,
    Response_::Body as Answer,
};
use report::events::{self, Kind, Log, Reader, SUBJECT_BYTES, TEXT_BYTES, Writer};
use shm::{OutOfBounds, Shm};

use super::{
    Agent, Board,
    state::{cut, cut_into},
};

/// Both logs.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    root: Log<'a>,
    own: Writer<'a>,
}

/// A change that the host asks for, and whom it is about.
pub(crate) struct Change {
    kind: Kind,
    subject: String<SUBJECT_BYTES>,
    text: String<TEXT_BYTES>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(root: Shm<'a>, own: Shm<'a>) -> Result<Self, OutOfBounds> {
        Ok(Self { root: Log::new(root)?, own: Writer::new(own)? })
    }
}

impl<B: Board> Agent<'_, B> {
    /// The change that a request is to make; none for one that only looks.
    pub(crate) fn change(&self, asked: &Asked) -> Option<Change> {
        let of = |kind, subject| Some(Change { kind, subject, text: String::new() });
        match asked {
            // What is in the bundle is known once it is loaded.
            Asked::Load(_) => of(Kind::Loaded, cut("bundle")),
            Asked::Replace(replace) => {
                of(Kind::Replaced, replace.program().map_or_else(String::new, |program| self.named(program)))
            }
            Asked::Unload(program) => of(Kind::Unloaded, self.named(program)),
            Asked::Detach(program) => of(Kind::Detached, self.named(program)),
            Asked::Attach(attach) => {
                let mut text = String::new();
                cut_into(&mut text, format_args!("to {}", attach.hook));
                if attach.period_ns != 0 {
                    cut_into(&mut text, format_args!(" every {} us", attach.period_ns / 1000));
                }
                let subject = attach.program().map_or_else(String::new, |program| self.named(program));
                Some(Change { kind: Kind::Attached, subject, text })
            }
            Asked::ServiceRestart(asked) => of(Kind::Asked, cut(&asked.name)),
            _ => None,
        }
    }

    /// A program's name, also where the request has its id.
    fn named(&self, request: &ProgramRequest) -> String<SUBJECT_BYTES> {
        match self.find(request).ok().and_then(|slot| self.programs[slot].as_ref()) {
            Some(program) => cut(&program.name),
            None if request.id == 0 => cut(&request.name),
            None => {
                let mut id = String::new();
                cut_into(&mut id, format_args!("id {}", request.id));
                id
            }
        }
    }

    /// Writes down what became of a change.
    pub(crate) fn note(&self, change: Option<Change>, answer: &Result<Answer, Error>) {
        let Some(Change { kind, subject, text }) = change else { return };
        match answer {
            Err(error) => {
                let reason = error.message.lines().next().unwrap_or_default();
                self.event(Kind::Refused, &subject, reason);
            }
            Ok(Answer::Load(loaded)) => {
                for program in &loaded.programs {
                    let mut text = String::<TEXT_BYTES>::new();
                    cut_into(&mut text, format_args!("as id {}", program.id));
                    if kind == Kind::Replaced {
                        cut_into(&mut text, format_args!(" in place of {subject}"));
                    }
                    self.event(kind, &program.name, &text);
                }
            }
            // The root task writes down its own part.
            Ok(_) if kind == Kind::Asked => {}
            Ok(_) => self.event(kind, &subject, &text),
        }
    }

    /// Writes an event down.
    pub(crate) fn event(&self, kind: Kind, subject: &str, text: &str) {
        self.events.own.add(self.board.now_ns(), kind, subject, text);
    }

    /// As many events as fit an answer, those of both logs in the order of their times.
    pub(crate) fn list_events(&self, asked: &EventsRequest) -> Page {
        let mut root = Reader::new(self.events.root, asked.next_root);
        let mut own = Reader::new(self.events.own.log(), asked.next_agent);
        let mut page = Page::default();
        loop {
            let (event, reader) = match (root.peek(), own.peek()) {
                (Some(a), Some(b)) if b.time_ns < a.time_ns => (b, &mut own),
                (Some(a), _) => (a, &mut root),
                (None, Some(b)) => (b, &mut own),
                (None, None) => break,
            };
            if page.events.push(told(&event)).is_err() {
                page.more = true;
                break;
            }
            reader.take();
        }
        page.next_root = root.next;
        page.next_agent = own.next;
        page.lost = root.lost.saturating_add(own.lost);
        page
    }
}

fn told(event: &events::Event) -> Event {
    Event {
        time_ns: event.time_ns,
        // The numbers are the same.
        kind: EventKind(event.kind as i32),
        subject: cut(event.subject.as_str()),
        text: cut(event.text.as_str()),
    }
}
