//! Frames survive what a serial line does to them.

use proptest::prelude::*;
use proto::frame::{FrameError, FrameReader, MAX_MESSAGE, MAX_WIRE, encode};

fn frame(message: &[u8]) -> Vec<u8> {
    encode(message, &mut [0; MAX_WIRE]).expect("fits").to_vec()
}

/// What a reader gives for `wire`, frame by frame.
fn read(reader: &mut FrameReader, wire: &[u8]) -> Vec<Result<Vec<u8>, FrameError>> {
    wire.iter().filter_map(|byte| reader.push(*byte).map(|got| got.map(<[u8]>::to_vec))).collect()
}

/// The reader's answer to `wire`, after which it must serve a good frame.
fn then_good(wire: &[u8]) -> Vec<Result<Vec<u8>, FrameError>> {
    let mut reader = FrameReader::new();
    let mut got = read(&mut reader, wire);
    got.extend(read(&mut reader, &frame(b"good")));
    assert_eq!(got.pop(), Some(Ok(b"good".to_vec())), "the good frame after {wire:02x?}");
    got
}

#[test]
fn the_layout_is_as_documented() {
    // CRC-32C of "123456789" is 0xE3069283: the check value of RFC 3720's CRC in the catalogue of CRCs.
    assert_eq!(frame(b"123456789"), b"\x00\x0e123456789\x83\x92\x06\xe3\x00");
    // COBS: 11 00 22 becomes 02 11 .. 22; the CRC has no zero byte here.
    let wire = frame(&[0x11, 0, 0x22]);
    assert_eq!((wire[0], wire[1], wire[2], wire[4]), (0, 2, 0x11, 0x22));
    assert_eq!(wire.split(|b| *b == 0).map(<[u8]>::len).collect::<Vec<_>>(), [0, wire.len() - 2, 0]);
}

#[test]
fn sizes_at_the_edges_pass_and_beyond_are_refused() {
    for len in [1, 249, 250, 251, 253, 254, 255, 504, 508, 509, MAX_MESSAGE - 1, MAX_MESSAGE] {
        for fill in [0, 1, 0xff] {
            let message = vec![fill; len];
            assert_eq!(read(&mut FrameReader::new(), &frame(&message)), [Ok(message)], "{len} of {fill}");
        }
    }
    let mut out = [0; MAX_WIRE];
    assert_eq!(encode(&[0; MAX_MESSAGE + 1], &mut out), Err(FrameError::TooLong));
    assert_eq!(encode(&[], &mut out), Err(FrameError::TooShort));
}

#[test]
fn a_wrong_crc_is_dropped() {
    let mut wire = frame(b"message");
    wire[3] ^= 0x40;
    assert_eq!(then_good(&wire), [Err(FrameError::BadCrc)]);
}

#[test]
fn a_cut_frame_costs_no_other() {
    let wire = frame(b"a message that is cut somewhere");
    for len in 2..wire.len() - 1 {
        let got = then_good(&wire[..len]);
        assert!(matches!(got[..], [Err(_)]), "cut at {len}: {got:?}");
    }
}

#[test]
fn an_oversize_frame_is_dropped_whole() {
    for len in [MAX_WIRE, 3 * MAX_WIRE] {
        assert_eq!(then_good(&vec![0xff; len]), [Err(FrameError::TooLong)]);
    }
    // Within the buffer when encoded, but too long when decoded.
    let mut long = vec![1; MAX_WIRE - 2];
    long.insert(0, 0);
    assert_eq!(then_good(&long).len(), 1);
}

#[test]
fn too_short_is_told_apart() {
    assert_eq!(then_good(&[0, 2, 7, 0]), [Err(FrameError::TooShort)]);
    assert_eq!(then_good(&[0, 5, 1, 2, 3, 4, 0]), [Err(FrameError::TooShort)], "a CRC of no message");
    assert_eq!(then_good(&[0, 0, 0, 0]), [], "idle line");
}

#[test]
fn bad_cobs_is_told_apart() {
    assert_eq!(then_good(&[0, 9, 1, 2, 0]), [Err(FrameError::BadCobs)]);
}

proptest! {
    #[test]
    fn garbage_never_panics_nor_swallows_the_next(wire in prop::collection::vec(any::<u8>(), 0..2000)) {
        then_good(&wire);
    }

    #[test]
    fn any_message_passes(message in prop::collection::vec(any::<u8>(), 1..MAX_MESSAGE)) {
        prop_assert_eq!(read(&mut FrameReader::new(), &frame(&message)), [Ok(message)]);
    }

    #[test]
    fn no_changed_byte_passes(
        message in prop::collection::vec(any::<u8>(), 1..300),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut wire = frame(&message);
        let at = at.index(wire.len());
        wire[at] ^= change;
        for got in read(&mut FrameReader::new(), &wire).into_iter().flatten() {
            prop_assert_eq!(&got, &message, "changed at {}", at);
        }
    }
}
