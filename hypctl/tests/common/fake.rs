//! A device that speaks the real protocol over a real socket, and answers as a test says.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use prost::Message;
use proto::{
    frame::{FrameReader, MAX_WIRE, encode},
    host::{Request, Response, Status, request, response},
};
use serde_json::Value;

use crate::common::{hypctl_in, text};

/// What the device does with a request.
pub enum Reply {
    /// Answers.
    Answer(response::Body),
    /// Says nothing.
    Silence,
    /// Sends these bytes, then answers.
    Noise(Vec<u8>, response::Body),
    /// Answers an earlier request, then this one.
    Late(response::Body, response::Body),
    /// Closes the connection.
    HangUp,
}

/// Answers requests; given the number of the request on this connection, from 0 (hypctl's greeting) on.
pub type Script = Arc<dyn Fn(usize, &request::Body) -> Reply + Send + Sync>;

/// A running device.
pub struct Fake {
    dir: tempfile::TempDir,
    /// Where it listens.
    pub socket: PathBuf,
    /// The requests that it got, with their numbers.
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// A device on a Unix socket, where `scripts/run.sh` would put it, that gives `script`'s answers after a greeting.
    pub fn new(script: impl Fn(usize, &request::Body) -> Reply + Send + Sync + 'static) -> Self {
        let dir = tempfile::TempDir::new().expect("temporary folder");
        let socket = dir.path().join("target/run/x86_64-pc99/control.sock");
        std::fs::create_dir_all(socket.parent().expect("has one")).expect("is made");
        let listener = UnixListener::bind(&socket).expect("binds");
        let requests = Arc::default();
        let (script, log): (Script, _) = (Arc::new(script), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream.try_clone().expect("clones"), stream, &script, &log);
            }
        });
        Self { dir, socket, requests }
    }

    /// A device that gives one answer to all that follows the greeting.
    pub fn answering(answer: response::Body) -> Self {
        Self::new(move |n, _| Reply::Answer(if n == 0 { greeting() } else { answer.clone() }))
    }

    /// The folder in which the device is found.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The bodies of the requests so far, without the greeting.
    pub fn bodies(&self) -> Vec<request::Body> {
        let requests = self.requests.lock().expect("no panic");
        requests.iter().skip(1).filter_map(|r| r.body.clone()).collect()
    }
}

/// The answer to hypctl's first request.
pub fn greeting() -> response::Body {
    response::Body::Status(Status::default())
}

/// A device on a TCP port, for one client; gives its address.
pub fn tcp(script: Script) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("has one").to_string();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        serve(stream.try_clone().expect("clones"), stream, &script, &Arc::default());
    });
    address
}

/// Serves one client until it goes.
pub fn serve(mut input: impl Read, mut output: impl Write, script: &Script, log: &Arc<Mutex<Vec<Request>>>) {
    let (mut reader, mut byte, mut n) = (Box::new(FrameReader::new()), [0], 0);
    while matches!(input.read(&mut byte), Ok(1)) {
        let Some(Ok(message)) = reader.push(byte[0]) else { continue };
        let request = Request::decode(message).expect("hypctl sends requests");
        log.lock().expect("no panic").push(request.clone());
        let body = request.body.expect("has a body");
        let mut send = |seq, body| output.write_all(&frame(&Response { seq, body: Some(body) }));
        let sent = match script(n, &body) {
            Reply::Answer(answer) => send(request.seq, answer),
            Reply::Silence => Ok(()),
            Reply::Noise(noise, answer) => output
                .write_all(&noise)
                .and_then(|()| output.write_all(&frame(&Response { seq: request.seq, body: Some(answer) }))),
            Reply::Late(late, answer) => {
                send(request.seq.wrapping_sub(1), late).and_then(|()| send(request.seq, answer))
            }
            Reply::HangUp => return,
        };
        if sent.is_err() {
            return;
        }
        n += 1;
    }
}

/// A response as a frame.
pub fn frame(response: &Response) -> Vec<u8> {
    encode(&response.encode_to_vec(), &mut [0; MAX_WIRE]).expect("fits").to_vec()
}

/// A command's output; it must succeed and say nothing else.
pub fn ok(device: &Fake, args: &[&str]) -> String {
    let output = hypctl_in(device.folder(), args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout).to_owned()
}

/// A command's output as JSON.
pub fn json(device: &Fake, args: &[&str]) -> Value {
    let printed = ok(device, &[args, &["--json"]].concat());
    serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{args:?}: {e}: {printed}"))
}

/// A command's error; it must fail and print nothing else.
pub fn err(device: &Fake, args: &[&str]) -> String {
    let output = hypctl_in(device.folder(), args);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{args:?}");
    text(&output.stderr).to_owned()
}
