//! Requests to a device and their answers.

use std::{
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use prost::Message;
use proto::{
    frame::{self, FrameReader, MAX_WIRE},
    host::{ErrorCode, Request, Response, StatusRequest, request, response},
};

use crate::device::{Address, Link};

/// How long an answer may take.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a request whose answer was lost may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Asking twice is as asking once.
    Yes,
    /// Asking twice would do it twice, or fail the second time.
    No,
}

/// A device that answers.
pub struct Client {
    address: Address,
    link: Box<dyn Link>,
    reader: Box<FrameReader>,
    /// Bytes that were read and not yet looked at.
    input: Vec<u8>,
    seq: u32,
    timeout: Duration,
    bad_frames: u32,
}

impl Client {
    /// Opens the way to a device and waits for its first answer.
    ///
    /// # Errors
    /// Nobody listens, or nobody answers.
    pub fn open(address: Address, timeout: Duration) -> Result<Self> {
        let link = address.open(timeout)?;
        let mut client = Self {
            address,
            link,
            reader: Box::default(),
            input: Vec::new(),
            seq: first_seq(),
            timeout,
            bad_frames: 0,
        };
        // A socket takes what is sent even if another client has the device. Nothing that changes it may wait there to
        // be done later, so the first request is one that changes nothing.
        client.request(Repeat::Yes, &request::Body::Status(StatusRequest {}))?;
        Ok(client)
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The device refused, or did not answer in time.
    pub fn request(&mut self, repeat: Repeat, body: &request::Body) -> Result<response::Body> {
        let tries = if repeat == Repeat::Yes { 2 } else { 1 };
        for _ in 0..tries {
            self.send(body)?;
            if let Some(answer) = self.receive()? {
                return match answer {
                    response::Body::Error(e) => Err(refusal(&e)),
                    answer => Ok(answer),
                };
            }
        }
        Err(self.silence())
    }

    fn send(&mut self, body: &request::Body) -> Result<()> {
        self.seq = self.seq.wrapping_add(1);
        let message = Request { seq: self.seq, body: Some(body.clone()) }.encode_to_vec();
        let mut wire = [0; MAX_WIRE];
        let wire =
            frame::encode(&message, &mut wire).map_err(|e| anyhow!("the request has no frame: {e}"))?;
        self.link.set_timeout(self.timeout).with_context(|| format!("device {}", self.address))?;
        match self.link.write_all(wire).and_then(|()| self.link.flush()) {
            Err(e) if is_timeout(&e) => Err(self.silence()),
            sent => sent.with_context(|| format!("device {}: lost while sending", self.address)),
        }
    }

    /// The answer to the last request; `None` if it does not come in time.
    fn receive(&mut self) -> Result<Option<response::Body>> {
        let end = Instant::now() + self.timeout;
        loop {
            while let Some(response) = self.next_response() {
                if response.seq == self.seq {
                    return response.body.map(Some).with_context(|| {
                        format!(
                            "device {} answered with a message of a later version: update hypctl",
                            self.address
                        )
                    });
                }
            }
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Ok(None);
            };
            self.link.set_timeout(left).with_context(|| format!("device {}", self.address))?;
            let mut buffer = [0; 4096];
            match self.link.read(&mut buffer) {
                Ok(0) => bail!("device {}: the connection was closed", self.address),
                Ok(n) => self.input.extend(buffer.iter().take(n)),
                Err(e) if is_timeout(&e) => {}
                Err(e) => return Err(e).with_context(|| format!("device {}: lost", self.address)),
            }
        }
    }

    /// The next response in what was read. Frames and messages that are damaged are dropped.
    fn next_response(&mut self) -> Option<Response> {
        let mut taken = 0;
        let mut found = None;
        for byte in &self.input {
            taken += 1;
            let Some(frame) = self.reader.push(*byte) else { continue };
            found = frame.ok().and_then(|message| Response::decode(message).ok());
            if found.is_some() {
                break;
            }
            self.bad_frames += 1;
        }
        self.input.drain(..taken);
        found
    }

    fn silence(&self) -> anyhow::Error {
        let (address, seconds) = (&self.address, self.timeout.as_secs_f32());
        let guess = if self.bad_frames > 0 {
            format!(", but {} damaged frames: is it the control link?", self.bad_frames)
        } else if matches!(address, Address::Unix(_)) {
            // A UART has one client; QEMU leaves others waiting.
            ": in use by another hypctl? else start hypOS anew with scripts/run.sh".into()
        } else {
            ": is hypOS running at the other end?".into()
        };
        anyhow!("no answer from {address} within {seconds} s{guess}")
    }
}

/// A number to begin with, so that late answers to an earlier client are not taken for ours.
fn first_seq() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.subsec_nanos() ^ std::process::id())
}

fn is_timeout(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What the device refused, in its words.
fn refusal(e: &proto::host::Error) -> anyhow::Error {
    if !e.message.is_empty() {
        return anyhow!(e.message.trim_end().to_owned());
    }
    let code = ErrorCode::try_from(e.code).map_or("unknown", |code| code.as_str_name());
    anyhow!("the device refused: {code} ({})", e.code)
}
