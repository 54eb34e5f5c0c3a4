//! What became of an attack, and how that is told.

use serde_json::Value;

/// What became of an attack.
#[derive(Clone)]
pub struct Outcome {
    /// By attempt: `BEGUN` and so on of `tests/attack/attack.c`.
    pub log: Vec<u8>,
    /// Why its cell was stopped, each time that the log of events still has.
    pub stops: Vec<String>,
    /// How often it was stopped.
    pub faults: u64,
    /// Events that it answered, as it says itself.
    pub answered: u64,
}

/// What an attempt has become that faulted, or survived.
pub const BEGUN: u8 = 1;
pub const SURVIVED: u8 = 2;
/// What answered has this added to the answer's label.
pub const ANSWERED: u8 = 16;

/// The bytes of a map's entry as the command line prints them.
pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    let bytes = value.as_array()?.iter().map(|byte| byte.as_str());
    bytes.map(|byte| u8::from_str_radix(byte?.trim_start_matches("0x"), 16).ok()).collect()
}

/// The little-endian words of bytes.
pub fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// A stop without what changes from build to build: the instruction's address, registers, sizes.
pub fn short(stop: &str) -> String {
    let changes =
        |part: &&str| !["ip ", "sp ", "address ", "fsr ", "code "].iter().any(|word| part.starts_with(word));
    stop.split(", ").filter(changes).collect::<Vec<_>>().join(", ")
}

/// What an attempt came to that was not stopped.
pub fn survived(became: u8) -> String {
    match became.checked_sub(ANSWERED) {
        Some(label) => answered(label),
        None => "goes on".into(),
    }
}

/// The kernel's answer to an invocation (`seL4_Error`).
fn answered(label: u8) -> String {
    const ERRORS: [&str; 11] = [
        "answered: done",
        "InvalidArgument",
        "InvalidCapability",
        "IllegalOperation",
        "RangeError",
        "AlignmentError",
        "FailedLookup",
        "TruncatedMessage",
        "DeleteFirst",
        "RevokeFirst",
        "NotEnoughMemory",
    ];
    match ERRORS.get(usize::from(label)) {
        Some(error) if label > 0 => format!("refused: {error}"),
        _ => format!("answered: {label}"),
    }
}
