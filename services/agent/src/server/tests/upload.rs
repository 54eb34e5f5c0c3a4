//! Pieces of a bundle on their way in.
use bpf_runtime::bundle::MAX_BYTES;
use proto::device::ErrorCode;

use super::device::{Device, piece, tiny, told};

#[test]
fn pieces_come_in_order_and_may_come_twice() {
    let mut device = Device::new();
    let bytes = tiny(&["a"]).write().unwrap();
    let (first, second) = bytes.split_at(100);
    for (offset, data) in [(0, first), (100, second), (100, second), (0, first), (100, second)] {
        device.act(piece(offset, data)).unwrap();
    }
    let gap = device.act(piece(bytes.len() + 1, &[0]));
    let words =
        std::format!("piece at {} without the bytes from {}; upload from 0", bytes.len() + 1, bytes.len());
    assert_eq!(told(gap), (ErrorCode::Invalid, words));
    assert_eq!(device.agent.staged, bytes.len());
    device.load_bytes(&bytes).unwrap();
    assert_eq!(device.agent.staged, 0, "a bundle is loaded once");
}

#[test]
fn a_bundle_has_a_largest_size() {
    let mut device = Device::new();
    device.upload(&std::vec![1; MAX_BYTES]).unwrap();
    let words = "a bundle has 65536 bytes at most, this one has 65537";
    assert_eq!(told(device.act(piece(MAX_BYTES, &[1]))), (ErrorCode::Invalid, words.into()));
    let far = device.act(piece(u32::MAX as usize, &[1; 1024]));
    assert_eq!(told(far).0, ErrorCode::Invalid);
    assert_eq!(device.agent.staged, MAX_BYTES);
    device.act(piece(0, &[1])).unwrap();
    assert_eq!(device.agent.staged, 1, "a piece at 0 starts anew");
}
