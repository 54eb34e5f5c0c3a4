//! Keys, values and records of maps: bytes, and the number that they may be.

use serde_json::{Value, json};

/// `0a 00 00 00`, as bpftool writes it.
pub fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    bytes.join(" ")
}

/// The little-endian number that 1, 2, 4 or 8 bytes may be.
pub fn number(bytes: &[u8]) -> Option<u64> {
    if !matches!(bytes.len(), 1 | 2 | 4 | 8) {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// Bytes and the number: `0a 00 00 00  10`.
pub fn hex_and_number(bytes: &[u8]) -> String {
    match number(bytes) {
        Some(n) => format!("{} ({n})", hex(bytes)),
        None => hex(bytes),
    }
}

/// `["0x0a", ...]`, as bpftool's JSON.
pub fn json_bytes(bytes: &[u8]) -> Value {
    bytes.iter().map(|b| json!(format!("{b:#04x}"))).collect()
}

/// The number, or the bytes where it is none.
pub fn json_formatted(bytes: &[u8]) -> Value {
    number(bytes).map_or_else(|| json_bytes(bytes), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_with_their_number() {
        assert_eq!(hex_and_number(&[0xe8, 3, 0, 0]), "e8 03 00 00 (1000)");
        assert_eq!(hex_and_number(&[0xff; 8]), "ff ff ff ff ff ff ff ff (18446744073709551615)");
        assert_eq!(hex_and_number(&[1, 2, 3]), "01 02 03");
        assert_eq!(hex_and_number(&[]), "");
        assert_eq!(json_bytes(&[10, 255]), json!(["0x0a", "0xff"]));
        assert_eq!(json_formatted(&[1, 1]), json!(257));
        assert_eq!(json_formatted(&[1, 1, 1]), json!(["0x01", "0x01", "0x01"]));
    }
}
