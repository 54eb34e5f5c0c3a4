//! Finding a device and talking to it, whatever it does.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::{
    fs,
    io::{self, Read},
    os::unix::net::UnixListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use common::{hypctl_in, text};
use fake::{Fake, Reply, frame, greeting, serve, tcp};
use proto::host::{Caps, Error, ErrorCode, Program, Programs, Response, Services, Status, request, response};
use serialport::{SerialPort, TTYPort};

fn status() -> response::Body {
    response::Body::Status(Status { version: "0.1.0".into(), uptime_ns: 5_000_000_000, ..Status::default() })
}

/// Runs `hypctl --timeout 200ms ARGS` beside the device; gives exit status, output and errors.
fn hypctl(device: &Fake, args: &[&str]) -> (i32, String, String) {
    let output = hypctl_in(device.folder(), &[&["--timeout", "200ms"], args].concat());
    let code = output.status.code().expect("no signal");
    (code, text(&output.stdout).into(), text(&output.stderr).into())
}

#[test]
fn the_running_system_is_found_here_and_above() {
    let device = Fake::answering(status());
    let deep = device.folder().join("a/b");
    fs::create_dir_all(&deep).expect("is made");
    for dir in [device.folder(), &deep] {
        let output = hypctl_in(dir, &["status"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("hypOS 0.1.0"));
    }
}

#[test]
fn one_of_several_is_to_be_chosen_unless_the_others_are_dead() {
    let device = Fake::answering(status());
    let other = device.folder().join("target/run/riscv64-qemu-virt");
    fs::create_dir_all(&other).expect("is made");
    let listener = UnixListener::bind(other.join("control.sock")).expect("binds");
    let (code, _, error) = hypctl(&device, &["status"]);
    assert_eq!(code, 1);
    assert!(error.starts_with("hypctl: several systems run: choose one with --device: "), "{error}");
    assert!(error.contains("riscv64-qemu-virt/control.sock, ") && error.contains("x86_64-pc99/control.sock"));
    // Its socket stays in the folder, but nobody listens any more.
    drop(listener);
    assert_eq!(hypctl(&device, &["status"]).0, 0);
}

#[test]
fn the_device_is_named_by_option_or_environment() {
    let device = Fake::answering(status());
    let elsewhere = tempfile::TempDir::new().expect("temporary folder");
    let socket = device.socket.display().to_string();
    let named = hypctl_in(elsewhere.path(), &["--device", &socket, "status"]);
    assert!(named.status.success(), "{}", text(&named.stderr));
    let by_environment = std::process::Command::new(common::hypctl())
        .arg("status")
        .current_dir(elsewhere.path())
        .env("HYPOS_DEVICE", &socket)
        .output()
        .expect("runs");
    assert!(by_environment.status.success(), "{}", text(&by_environment.stderr));
    let none = hypctl_in(elsewhere.path(), &["status"]);
    assert!(text(&none.stderr).starts_with("hypctl: no running system found"), "{}", text(&none.stderr));
    assert!(text(&none.stderr).contains("scripts/run.sh"));
    let odd = hypctl_in(elsewhere.path(), &["--device", "nonsense", "status"]);
    assert!(text(&odd.stderr).contains("neither a socket's path, host:port nor a tty's path"));
}

#[test]
fn nobody_listens() {
    let device = Fake::answering(status());
    let dead = device.folder().join("dead.sock");
    drop(UnixListener::bind(&dead).expect("binds"));
    for path in [dead.display().to_string(), device.folder().join("none.sock").display().to_string()] {
        let (code, _, error) = hypctl(&device, &["--device", &path, "status"]);
        let said = format!("hypctl: no answer from {path}: is hypOS running? start it with scripts/run.sh\n");
        assert_eq!((code, error), (1, said));
    }
    let (code, _, error) = hypctl(&device, &["--device", "127.0.0.1:1", "status"]);
    assert!(code == 1 && error.contains("no answer from 127.0.0.1:1: is hypOS running?"), "{error}");
}

#[test]
fn a_device_in_use_is_told_from_one_that_is_gone() {
    let dir = tempfile::TempDir::new().expect("temporary folder");
    let socket = dir.path().join("control.sock");
    // It listens and never accepts: QEMU with another client.
    let _listener = UnixListener::bind(&socket).expect("binds");
    let path = socket.display().to_string();
    let output = hypctl_in(dir.path(), &["--timeout", "100ms", "--device", &path, "prog", "detach", "tick"]);
    let said = format!(
        "hypctl: no answer from {path} within 0.1 s: in use by another hypctl? else start hypOS anew"
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with(&said), "{}", text(&output.stderr));
}

#[test]
fn a_lost_answer_is_asked_for_again_with_a_new_number() {
    let device = Fake::new(|n, _| match n {
        0 => Reply::Answer(greeting()),
        1 => Reply::Silence,
        _ => Reply::Answer(status()),
    });
    assert_eq!(hypctl(&device, &["status"]).0, 0);
    let requests = device.requests.lock().expect("no panic");
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[1].body, requests[2].body);
    assert_ne!(requests[1].seq, requests[2].seq);
}

#[test]
fn what_changes_the_device_is_never_sent_twice() {
    for command in
        [&["prog", "attach", "tick", "timer"][..], &["prog", "detach", "tick"], &["prog", "unload", "tick"]]
    {
        let device = Fake::new(|n, _| if n == 0 { Reply::Answer(greeting()) } else { Reply::Silence });
        let (code, out, error) = hypctl(&device, command);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(error.contains("within 0.2 s"), "{error}");
        assert_eq!(device.bodies().len(), 1, "{command:?}");
    }
}

#[test]
fn noise_damaged_frames_and_late_answers_are_passed_over() {
    let good = frame(&Response { seq: 1, body: Some(status()) });
    let mut damaged = good.clone();
    damaged[4] ^= 1;
    let noises =
        [b"boot: hello\n".to_vec(), vec![0xff; 9000], good[..good.len() / 2].to_vec(), damaged, vec![0; 5]];
    for noise in noises {
        let sent = noise.clone();
        let device = Fake::new(move |n, _| match n {
            0 => Reply::Answer(greeting()),
            _ => Reply::Noise(sent.clone(), status()),
        });
        let (code, out, error) = hypctl(&device, &["status"]);
        assert!(code == 0 && out.contains("hypOS 0.1.0"), "{noise:x?}: {error}");
    }
    let late = Fake::new(|n, _| match n {
        0 => Reply::Answer(greeting()),
        _ => Reply::Late(response::Body::Caps(Caps::default()), status()),
    });
    assert_eq!(hypctl(&late, &["status"]).0, 0);
}

#[test]
fn only_noise_is_an_error_that_says_so() {
    let dir = tempfile::TempDir::new().expect("temporary folder");
    let socket = dir.path().join("control.sock");
    let listener = UnixListener::bind(&socket).expect("binds");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let _ = std::io::Write::write_all(&mut stream, b"\0console text\0more\0");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let path = socket.display().to_string();
    let output = hypctl_in(dir.path(), &["--timeout", "100ms", "--device", &path, "status"]);
    let error = text(&output.stderr);
    assert!(error.contains("but 2 damaged frames: is it the control link?"), "{error}");
}

#[test]
fn a_connection_that_breaks_is_an_error() {
    let device = Fake::new(|n, _| if n == 0 { Reply::Answer(greeting()) } else { Reply::HangUp });
    let (code, _, error) = hypctl(&device, &["caps"]);
    assert!(code == 1 && error.contains(": the connection was closed"), "{error}");
}

#[test]
fn a_refusal_is_printed_as_the_device_words_it() {
    let error = |code: ErrorCode, message: &str| {
        response::Body::Error(Error { code: code.into(), message: message.into() })
    };
    let device = Fake::answering(error(ErrorCode::NotFound, "no program tick: prog list shows all"));
    let said = "hypctl: no program tick: prog list shows all\n".to_owned();
    assert_eq!(hypctl(&device, &["prog", "unload", "tick"]), (1, String::new(), said));
    let mute = Fake::answering(error(ErrorCode::Busy, ""));
    assert_eq!(hypctl(&mute, &["caps"]).2, "hypctl: the device refused: ERROR_CODE_BUSY (6)\n");
}

#[test]
fn an_answer_to_another_question_is_an_error() {
    let device = Fake::answering(response::Body::Services(Services::default()));
    let (code, _, error) = hypctl(&device, &["caps"]);
    assert!(code == 1 && error.contains("the device answered Services to another question"), "{error}");
}

#[test]
fn a_list_without_end_is_an_error() {
    let page = Programs { programs: vec![Program::default()], next: 1 };
    let device = Fake::answering(response::Body::Programs(page));
    let (code, _, error) = hypctl(&device, &["prog", "list"]);
    assert!(code == 1 && error.contains("list does not end"), "{error}");
}

#[test]
fn the_same_over_tcp() {
    let address = tcp(Arc::new(|_, _: &request::Body| Reply::Answer(status())));
    let here = std::env::temp_dir();
    let output = hypctl_in(&here, &["--device", &address, "status"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// The master's side of a pseudo-terminal, which can't be read before its other side is opened.
struct Patient(TTYPort);

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        for _ in 0..500 {
            match self.0.read(into) {
                Err(_) => thread::sleep(Duration::from_millis(10)),
                read => return read,
            }
        }
        Ok(0)
    }
}

#[test]
fn the_same_over_a_tty() {
    let (master, slave) = TTYPort::pair().expect("a pseudo-terminal");
    let path = slave.name().expect("has one");
    // hypctl wants it for itself.
    drop(slave);
    let input = Patient(master.try_clone_native().expect("clones"));
    let answer: fake::Script = Arc::new(|_, _: &request::Body| Reply::Answer(status()));
    thread::spawn(move || serve(input, master, &answer, &Arc::new(Mutex::default())));
    let output = hypctl_in(&std::env::temp_dir(), &["--device", &path, "status"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("hypOS 0.1.0"));
}
