//! The control stream itself, for what hypctl would never send.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail};
use prost::Message;
use proto::{
    frame::{self, FrameReader, MAX_WIRE},
    host::{Request, Response, StatusRequest, request, response},
};

use crate::System;

/// A connection to the control UART.
#[derive(Debug)]
pub struct Control {
    stream: UnixStream,
    reader: Box<FrameReader>,
}

impl Control {
    /// Connects.
    ///
    /// # Errors
    /// QEMU is gone.
    pub fn connect(system: &System) -> Result<Self> {
        let stream = UnixStream::connect(system.socket())?;
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(Self { stream, reader: Box::default() })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// QEMU is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// The next response within `time`; `None` if there is none. Damaged frames are errors: the device sends none.
    ///
    /// # Errors
    /// QEMU is gone, or what came is no response.
    pub fn receive(&mut self, time: Duration) -> Result<Option<Response>> {
        let end = Instant::now() + time;
        let mut byte = [0];
        while Instant::now() < end {
            match self.stream.read(&mut byte) {
                Ok(0) => bail!("the control connection was closed"),
                Ok(_) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(e) => return Err(e.into()),
            }
            if let Some(frame) = self.reader.push(byte[0]) {
                let message = frame.map_err(|e| anyhow!("the device sent a damaged frame: {e}"))?;
                return Ok(Some(Response::decode(message)?));
            }
        }
        Ok(None)
    }

    /// Asks for the status by the given number; gives bad and good frames as the device counts them.
    ///
    /// # Errors
    /// Another answer than the status under this number comes first, or none.
    pub fn status(&mut self, seq: u32) -> Result<(u64, u64)> {
        self.send(&status_frame(seq))?;
        match self.receive(crate::qemu::PATIENCE)? {
            Some(Response { seq: same, body: Some(response::Body::Status(s)) }) if same == seq => {
                Ok((s.frames_bad, s.frames_ok))
            }
            other => bail!("in place of status {seq} came {other:?}"),
        }
    }
}

/// A message as it goes over the wire.
///
/// # Panics
/// It is empty or too long for a frame.
pub fn wire(message: &[u8]) -> Vec<u8> {
    frame::encode(message, &mut [0; MAX_WIRE]).expect("a message of a frame's size").to_vec()
}

/// The request for the status as it goes over the wire.
pub fn status_frame(seq: u32) -> Vec<u8> {
    wire(&Request { seq, body: Some(request::Body::Status(StatusRequest {})) }.encode_to_vec())
}
