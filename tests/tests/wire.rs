//! Whatever comes over the control link: it is counted and dropped, and the next good frame is served.

use std::time::Duration;

use anyhow::Result;
use hypos_tests::{
    Options, System,
    control::{Control, status_frame, wire},
};
use proto::{
    frame::{MAX_FRAME, MAX_MESSAGE},
    host::{ErrorCode, response},
};

/// Sends `noise` to a device, which must count `bad` frames more and then serve.
fn survives(noise: &[u8], bad: u64) -> Result<()> {
    let system = System::boot(&Options::default())?;
    let mut control = Control::connect(&system)?;
    let (before, good) = control.status(1)?;
    control.send(noise)?;
    let (after, served) = control.status(2)?;
    assert_eq!((after - before, served - good), (bad, 1), "bad and good frames\n{}", system.console());
    system.check_sound()
}

#[test]
fn garbage() -> Result<()> {
    // No zero byte within, so that it is one frame, ended by the next one's first byte.
    let noise: Vec<u8> = (0..3000_u32).map(|i| (i * 7 % 255) as u8 + 1).collect();
    survives(&noise, 1)
}

#[test]
fn zero_bytes_alone_are_no_frames() -> Result<()> {
    survives(&[0; 500], 0)
}

#[test]
fn a_cut_frame() -> Result<()> {
    let frame = status_frame(7);
    survives(&frame[..frame.len() / 2], 1)
}

#[test]
fn a_wrong_crc() -> Result<()> {
    let mut frame = status_frame(7);
    let last = frame.len() - 2;
    frame[last] ^= 0x10;
    survives(&frame, 1)
}

#[test]
fn an_oversize_frame() -> Result<()> {
    survives(&[&[0][..], &[1; 3 * MAX_FRAME], &[0]].concat(), 1)
}

#[test]
fn a_message_that_is_none() -> Result<()> {
    // Field 1 (seq) cut off after its tag.
    survives(&wire(&[0x08]), 1)
}

#[test]
fn a_request_with_too_long_a_name() -> Result<()> {
    // Field 7 (unload) with a name of 40 bytes: more than a name has.
    let mut message = vec![0x08, 9, 0x3a, 42, 0x12, 40];
    message.extend([b'x'; 40]);
    survives(&wire(&message), 1)
}

#[test]
fn an_unknown_request_is_answered_by_its_number() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let mut control = Control::connect(&system)?;
    // seq 9; field 99, length-delimited, empty.
    control.send(&wire(&[0x08, 9, 0x9a, 0x06, 0]))?;
    let answer = control.receive(hypos_tests::qemu::PATIENCE)?.expect("an answer");
    let Some(response::Body::Error(error)) = answer.body else { panic!("{answer:?}") };
    assert_eq!((answer.seq, error.code()), (9, ErrorCode::Unsupported));
    assert_eq!(control.status(10)?.0, 0, "it was a good frame");
    Ok(())
}

#[test]
fn the_largest_frame_is_read() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let mut control = Control::connect(&system)?;
    // seq 9; field 99 with all the bytes that a message can have.
    let rest = (MAX_MESSAGE - 6) as u32;
    let mut message = vec![0x08, 9, 0x9a, 0x06, rest as u8 | 0x80, (rest >> 7) as u8];
    message.extend(vec![0xa5; rest as usize]);
    control.send(&wire(&message))?;
    let answer = control.receive(hypos_tests::qemu::PATIENCE)?.expect("an answer");
    assert!(matches!(answer.body, Some(response::Body::Error(_))), "{answer:?}");
    assert_eq!(control.status(10)?.0, 0);
    Ok(())
}

#[test]
fn a_client_that_vanishes() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let frame = status_frame(7);
    for cut in [1, frame.len() / 2, frame.len() - 2] {
        Control::connect(&system)?.send(&frame[..cut])?;
        system.hypctl(&["status"])?;
    }
    // The first one left a zero byte, which is no frame.
    assert_eq!(system.status("frames_bad")?, 2);
    Ok(())
}

#[test]
fn a_client_that_does_not_read() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let mut control = Control::connect(&system)?;
    // The first one that does not fit the device's output waits until there is room; none is lost.
    for seq in 1..=200 {
        control.send(&status_frame(seq))?;
    }
    for seq in 1..=200 {
        let answer = control.receive(hypos_tests::qemu::PATIENCE)?.expect("an answer");
        assert_eq!(answer.seq, seq);
    }
    assert_eq!(control.receive(Duration::from_millis(200))?, None, "each request is answered once");
    Ok(())
}
