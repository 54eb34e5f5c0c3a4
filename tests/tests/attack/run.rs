//! How an attack is carried out: loaded past the host's verifier, attached, looked at until it has come to an end.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bpf_runtime::bundle::Contents;
use hypctl::{
    client::{Client, Repeat},
    device::Address,
    elf,
};
use proto::host::{EventKind, EventsRequest, LoadRequest, TraceRequest, UploadRequest, request, response};
use serde_json::Value;

use crate::{
    order::{ATTACKER, EVENTS_BYTES, Order},
    outcome::{BEGUN, Outcome, bytes, short, survived, words},
    scene::Scene,
};

/// How long one attack may take: machines are slow, and a fault a page adds up.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes of a piece of a bundle.
const PIECE: usize = 1024;

impl Scene {
    fn client(&self) -> Result<Client> {
        Client::open(Address::Unix(self.system.socket()), Duration::from_secs(30))
    }

    /// Loads a bundle past the host's verifier.
    pub fn load(&self, contents: &Contents) -> Result<()> {
        let bundle = elf::bundle(contents)?;
        let mut client = self.client()?;
        for (i, piece) in bundle.chunks(PIECE).enumerate() {
            let upload = UploadRequest { offset: (i * PIECE) as u32, data: piece.to_vec() };
            client.request(Repeat::Yes, &request::Body::Upload(upload))?;
        }
        client.request(Repeat::No, &request::Body::Load(LoadRequest { size: bundle.len() as u32 }))?;
        Ok(())
    }

    /// Asks for what programs printed and put into rings, once: there may be nothing.
    pub fn trace(&self) -> Result<()> {
        let mut client = self.client()?;
        client.request(Repeat::No, &request::Body::Trace(TraceRequest::default()))?;
        Ok(())
    }

    /// Has an order carried out, until the attacker has answered an event.
    pub fn attack(&mut self, order: &Order) -> Result<Outcome> {
        self.attack_until(order, |program| program["runs"] != 0)
    }

    /// Has an order carried out until `prog show` says so of the attacker; then takes it away and looks after everybody.
    pub fn attack_until(&mut self, order: &Order, done: impl Fn(&Value) -> bool) -> Result<Outcome> {
        self.carry_out(order, |_, program| Ok(done(program)))
    }

    /// As `attack_until`, where more has to be looked at.
    pub fn carry_out(
        &mut self,
        order: &Order,
        done: impl Fn(&Self, &Value) -> Result<bool>,
    ) -> Result<Outcome> {
        self.load(&order.bundle(Contents::default())?)?;
        let outcome = self.run(ATTACKER, done)?;
        self.take_away(&[ATTACKER])?;
        Ok(outcome)
    }

    /// What becomes of each attempt: why its cell was stopped, or what it was answered.
    pub fn each(&mut self, order: &Order) -> Result<Vec<String>> {
        let mut all = Vec::new();
        let (mut first, end) = order.attempts;
        while first < end {
            // As many as the log of events has room for.
            let next = end.min(first + 24);
            let outcome = self.attack(&Order { attempts: (first, next), ..order.clone() })?;
            let mut stops = outcome.stops.iter();
            for became in &outcome.log[first as usize..next as usize] {
                all.push(match *became {
                    BEGUN => short(stops.next().context("it was not stopped")?),
                    answer => survived(answer),
                });
            }
            ensure!(stops.next().is_none(), "{:?}", outcome.stops);
            first = next;
        }
        Ok(all)
    }

    /// Attaches a program that is loaded, and detaches it when it is done, which what `prog show` says of it may tell.
    pub fn run(&mut self, name: &str, done: impl Fn(&Self, &Value) -> Result<bool>) -> Result<Outcome> {
        self.stops(name)?;
        self.hypctl(&["prog", "attach", name, "timer", "--period", self.period])?;
        let end = Instant::now() + PATIENCE;
        while !done(self, &self.program(name).with_context(|| self.tail())?)? {
            if Instant::now() > end {
                bail!("{name} goes on and on: {}\n{}", self.program(name)?, self.system.console());
            }
            thread::sleep(PAUSE);
        }
        self.hypctl(&["prog", "detach", name])?;
        let outcome = self.outcome(name)?;
        self.answered += outcome.answered;
        Ok(outcome)
    }

    /// The end of what the console shows.
    fn tail(&self) -> String {
        let console = self.system.console();
        let lines: Vec<_> = console.lines().rev().take(40).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// What `prog show` says of a program.
    pub fn program(&self, name: &str) -> Result<Value> {
        Ok(self.json(&["prog", "show", name])?[0].clone())
    }

    /// Why a program's cell was stopped since this was asked for last.
    fn stops(&mut self, name: &str) -> Result<Vec<String>> {
        let mut client = self.client()?;
        let mut stops = Vec::new();
        loop {
            let answer = client.request(Repeat::Yes, &request::Body::Events(self.seen))?;
            let response::Body::Events(page) = answer else { bail!("in place of events came {answer:?}") };
            self.seen = EventsRequest { next_root: page.next_root, next_agent: page.next_agent };
            let stop = [EventKind::Fault, EventKind::OverBudget];
            let of_it = page.events.into_iter().filter(|event| event.subject == name);
            stops.extend(of_it.filter(|event| stop.contains(&event.kind())).map(|event| event.text));
            if !page.more {
                return Ok(stops);
            }
        }
    }

    fn outcome(&mut self, name: &str) -> Result<Outcome> {
        let faults = self.program(name)?["faults"].as_u64().context("faults")?;
        let stops = self.stops(name)?;
        if name != ATTACKER {
            return Ok(Outcome { log: Vec::new(), stops, faults, answered: 0 });
        }
        let mut log = self.log()?;
        let answered = words(&log[..EVENTS_BYTES])[0];
        Ok(Outcome { log: log.split_off(EVENTS_BYTES), stops, faults, answered })
    }

    /// What the attacker has written down: the events that it answered, then what became of each attempt.
    pub fn log(&self) -> Result<Vec<u8>> {
        self.value("attack_log", 0)
    }

    /// The attacker's order, as it has left it.
    pub fn order(&self) -> Result<Vec<u64>> {
        Ok(words(&self.value("attack_order", 0)?))
    }

    /// An entry of an array.
    pub fn value(&self, map: &str, entry: usize) -> Result<Vec<u8>> {
        let dump = self.json(&["map", "dump", map])?;
        bytes(&dump[entry]["value"]).with_context(|| format!("{map}: {dump}"))
    }
}
