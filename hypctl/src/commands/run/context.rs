//! The context of a run as people write it: the hook's fields in JSON, or all of its bytes in hex.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use bpf_runtime::hook::{Field, Hook};
use serde_json::Value;

use crate::commands::read_file;

/// Bytes of a file with a context at most.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// What bytes in hex begin with.
const HEX: &str = "hex:";

/// Reads a context: JSON, `hex:` and digits, or `@` and a file that holds one of both.
///
/// # Errors
/// What is wrong with it, and what the hook has.
pub fn read(hook: &Hook, text: &str) -> Result<Vec<u8>> {
    let Some(file) = text.strip_prefix('@') else { return parse(hook, text).context("--context") };
    let bytes = read_file(Path::new(file), MAX_FILE_BYTES)?;
    let text = str::from_utf8(&bytes).with_context(|| format!("{file}: neither JSON nor {HEX}"))?;
    parse(hook, text).with_context(|| file.to_owned())
}

fn parse(hook: &Hook, text: &str) -> Result<Vec<u8>> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix(HEX) {
        return exact(hook, hex(digits)?);
    }
    if !text.starts_with('{') {
        bail!("neither a JSON object like {{\"{}\": 1}} nor {HEX} and digits", hook.context[0].name);
    }
    let value: Value = serde_json::from_str(text).map_err(|e| anyhow!("not JSON: {e}"))?;
    let object = value.as_object().context("not a JSON object")?;
    let mut bytes = vec![0; hook.context_size as usize];
    for (name, value) in object {
        let field = hook.context.iter().find(|field| field.name == name);
        let field = field.with_context(|| {
            let known: Vec<_> = hook.context.iter().map(|field| field.name).collect();
            format!("{name}: hook {} has no such field, but {}", hook.name, known.join(", "))
        })?;
        let at = field.offset as usize;
        let place = bytes.get_mut(at..at + field.size as usize).context("a field outside of the context")?;
        let value = encoded(field, value).with_context(|| name.clone())?;
        place[..value.len()].copy_from_slice(&value);
    }
    Ok(bytes)
}

/// Refuses bytes that are not as many as the context has.
fn exact(hook: &Hook, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if bytes.len() == hook.context_size as usize {
        return Ok(bytes);
    }
    bail!("{} bytes, the context of hook {} has {}", bytes.len(), hook.name, hook.context_size)
}

/// The bytes of a field's value: as many as it has, or fewer from its start.
fn encoded(field: &Field, value: &Value) -> Result<Vec<u8>> {
    let size = field.size as usize;
    if size <= 8 {
        return number(value, size);
    }
    let bytes = match value {
        Value::String(text) => match text.strip_prefix(HEX) {
            Some(digits) => hex(digits)?,
            None => text.as_bytes().to_vec(),
        },
        Value::Array(items) => {
            let byte = |item: &Value| item.as_u64().and_then(|n| u8::try_from(n).ok());
            let bytes: Option<_> = items.iter().map(byte).collect();
            bytes.context("an array of bytes holds numbers from 0 to 255")?
        }
        _ => bail!("{size} bytes are given as an array of numbers, as text, or as \"{HEX}...\""),
    };
    if bytes.len() > size {
        bail!("{} bytes, it has {size}", bytes.len());
    }
    Ok(bytes)
}

/// A number of 1, 2, 4 or 8 bytes, with or without a sign.
fn number(value: &Value, size: usize) -> Result<Vec<u8>> {
    let bits = 8 * size as u32;
    let fits = match (value.as_u64(), value.as_i64()) {
        (Some(n), _) => (n.checked_shr(bits).unwrap_or(0) == 0).then_some(n),
        (None, Some(n)) => (n >= i64::MIN >> (64 - bits)).then_some(n as u64),
        (None, None) => bail!("{value} is no whole number of 64 bits"),
    };
    let n = fits.with_context(|| format!("{value} does not fit its {size} bytes"))?;
    Ok(n.to_le_bytes()[..size].to_vec())
}

/// Bytes from hex digits, which spaces may part.
fn hex(digits: &str) -> Result<Vec<u8>> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        bail!("{} hex digits: each byte has two", digits.len());
    }
    let digits: Vec<u8> = digits.into_iter().map(digit).collect::<Result<_>>()?;
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn digit(c: char) -> Result<u8> {
    let digit = c.to_digit(16).with_context(|| format!("{c:?} is no hex digit"))?;
    Ok(digit as u8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
    use super::*;

    fn of(hook: &str, text: &str) -> Result<Vec<u8>, String> {
        read(bpf_runtime::hook::find(hook).unwrap(), text).map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn fields_go_to_their_places() {
        let mut timer = [0; 32];
        timer[0] = 5;
        timer[24..].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(of("timer", r#"{"now_ns": 5, "count": 18446744073709551615}"#), Ok(timer.to_vec()));
        assert_eq!(of("timer", r#"{"now_ns": 5, "count": -1}"#), Ok(timer.to_vec()));
        let mut serial = [0; 32];
        serial[12] = 2;
        serial[16..18].copy_from_slice(b"hi");
        for data in [r#""hi""#, r#""hex:6869""#, "[104, 105]"] {
            assert_eq!(of("serial", &format!(r#"{{"len": 2, "data": {data}}}"#)), Ok(serial.to_vec()));
        }
        assert_eq!(of("serial", "{}"), Ok(vec![0; 32]));
        assert_eq!(of("timer", &format!("hex: {}", "01 02".repeat(16))).unwrap()[..3], [1, 2, 1]);
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            (r#"{"no": 1}"#, "--context: no: hook serial has no such field, but now_ns, port, len, data"),
            (r#"{"port": 4294967296}"#, "--context: port: 4294967296 does not fit its 4 bytes"),
            (r#"{"port": -2147483649}"#, "--context: port: -2147483649 does not fit its 4 bytes"),
            (r#"{"port": 1.5}"#, "--context: port: 1.5 is no whole number of 64 bits"),
            (r#"{"port": "1"}"#, "--context: port: \"1\" is no whole number of 64 bits"),
            (r#"{"data": [256]}"#, "--context: data: an array of bytes holds numbers from 0 to 255"),
            (r#"{"data": "0123456789abcdefg"}"#, "--context: data: 17 bytes, it has 16"),
            (
                r#"{"data": 1}"#,
                "--context: data: 16 bytes are given as an array of numbers, as text, or as \"hex:...\"",
            ),
            ("hex:0", "--context: 1 hex digits: each byte has two"),
            ("hex:0g", "--context: 'g' is no hex digit"),
            ("hex:00", "--context: 1 bytes, the context of hook serial has 32"),
            ("5", "--context: neither a JSON object like {\"now_ns\": 1} nor hex: and digits"),
            ("", "--context: neither a JSON object like {\"now_ns\": 1} nor hex: and digits"),
        ];
        for (text, error) in cases {
            assert_eq!(of("serial", text), Err(error.into()), "{text}");
        }
        assert!(of("serial", "{\"port\": 1").unwrap_err().starts_with("--context: not JSON: "));
        assert!(of("serial", "@/no/such/file").unwrap_err().starts_with("/no/such/file: "));
    }
}
