//! Keys and values of maps as people write them: as `map dump --json` prints them formatted, or in hex.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Reads `text` as `size` bytes: a number (little-endian; where there are 1, 2, 4 or 8 bytes), a JSON list of bytes, or
/// `hex:` and digits.
///
/// # Errors
/// It is none of these, or has another size; `what` says of what.
pub fn parse(text: &str, size: usize, what: &str) -> Result<Vec<u8>> {
    let bytes = read(text.trim(), size).with_context(|| format!("{what} {text}"))?;
    if bytes.len() != size {
        bail!("{what} {text}: {} bytes, the map's has {size}", bytes.len());
    }
    Ok(bytes)
}

fn read(text: &str, size: usize) -> Result<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("hex:") {
        return hex(digits);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return number(i128::from(u64::from_str_radix(digits, 16).context("not a number")?), size);
    }
    let forms =
        || format!("give a number, a list of {size} bytes like [1, \"0x02\"], or hex: and 2 digits a byte");
    match serde_json::from_str(text) {
        Ok(Value::Array(list)) => list.iter().map(byte).collect(),
        Ok(value) => number(integer(&value).with_context(forms)?, size),
        Err(_) => bail!(forms()),
    }
}

/// `0a000000`, `0a 00 00 00` or `0a:00:00:00`.
fn hex(digits: &str) -> Result<Vec<u8>> {
    let digits: Vec<_> = digits.chars().filter(|c| !matches!(c, ' ' | ':')).collect();
    let wrong = "two hex digits a byte, please";
    if !digits.len().is_multiple_of(2) {
        bail!(wrong);
    }
    let pair = |pair: &[char]| {
        let (high, low) = (pair[0].to_digit(16)?, pair[1].to_digit(16)?);
        Some((high << 4 | low) as u8)
    };
    digits.chunks(2).map(|chars| pair(chars).context(wrong)).collect()
}

fn integer(value: &Value) -> Option<i128> {
    value.as_u64().map(i128::from).or_else(|| value.as_i64().map(i128::from))
}

/// A byte of a list, as bpftool's JSON has it: `10` or `"0x0a"`.
fn byte(value: &Value) -> Result<u8> {
    let number = match value.as_str().and_then(|text| text.strip_prefix("0x")) {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => value.as_u64().and_then(|n| u8::try_from(n).ok()),
    };
    number.with_context(|| format!("{value} is no byte: 0 to 255, or \"0x00\" to \"0xff\""))
}

/// A number of either sign that `size` bytes hold.
fn number(number: i128, size: usize) -> Result<Vec<u8>> {
    if !matches!(size, 1 | 2 | 4 | 8) {
        bail!("a number has 1, 2, 4 or 8 bytes, not {size}: give a list of bytes, or hex:");
    }
    let bits = 8 * size as u32;
    if number < -(1 << (bits - 1)) || number >= 1 << bits {
        bail!("does not fit {size} byte{}", if size == 1 { "" } else { "s" });
    }
    Ok(number.to_le_bytes()[..size].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        let cases: [(&str, &[u8]); 9] = [
            ("5", &[5, 0, 0, 0]),
            ("-1", &[0xff; 4]),
            ("4294967295", &[0xff; 4]),
            ("-2147483648", &[0, 0, 0, 0x80]),
            ("0x1f0", &[0xf0, 1, 0, 0]),
            ("hex:0a0b0C0d", &[10, 11, 12, 13]),
            ("hex:0a 0b:0c 0d", &[10, 11, 12, 13]),
            ("[1, \"0xff\", 0, 2]", &[1, 255, 0, 2]),
            (" 7 ", &[7, 0, 0, 0]),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text, 4, "key").unwrap(), bytes, "{text}");
        }
        assert_eq!(parse("18446744073709551615", 8, "key").unwrap(), [0xff; 8]);
        assert_eq!(parse("[]", 0, "key").unwrap(), [0_u8; 0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("4294967296", "key 4294967296: does not fit 4 bytes"),
            ("-2147483649", "key -2147483649: does not fit 4 bytes"),
            ("[1, 2]", "key [1, 2]: 2 bytes, the map's has 4"),
            ("hex:0a0", "key hex:0a0: two hex digits a byte, please"),
            ("hex:0a0g", "key hex:0a0g: two hex digits a byte, please"),
            ("hex:0ä00", "key hex:0ä00: two hex digits a byte, please"),
            ("hex:", "key hex:: 0 bytes, the map's has 4"),
            ("0x", "key 0x: not a number: cannot parse integer from empty string"),
            ("[256, 0, 0, 0]", "key [256, 0, 0, 0]: 256 is no byte: 0 to 255, or \"0x00\" to \"0xff\""),
        ];
        for (text, error) in cases {
            assert_eq!(format!("{:#}", parse(text, 4, "key").unwrap_err()), error);
        }
        for text in ["", "x", "1.5", "{\"a\":1}", "\"x\"", "1 2", "null"] {
            let error = format!("{:#}", parse(text, 4, "key").unwrap_err());
            assert!(
                error.contains("give a number, a list of 4 bytes like [1, \"0x02\"], or hex:"),
                "{error}"
            );
        }
        let error = format!("{:#}", parse("5", 12, "value").unwrap_err());
        assert!(
            error.ends_with("a number has 1, 2, 4 or 8 bytes, not 12: give a list of bytes, or hex:"),
            "{error}"
        );
    }
}
