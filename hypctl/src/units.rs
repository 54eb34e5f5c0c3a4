//! Times and sizes as people write and read them.

#![allow(clippy::cast_precision_loss, reason = "three digits are shown; times are exact up to 100 days")]

use std::time::Duration;

/// Units of time, in nanoseconds.
const UNITS: [(&str, u64); 4] = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// Reads a time like `10ms`, `1.5s` or `250us`.
///
/// # Errors
/// It has no unit, is no number, is zero or is too long.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, unit) = unit.ok_or("give a number with ns, us, ms or s, like 10ms")?;
    let number: f64 = number.parse().map_err(|_| "not a number")?;
    let duration = Duration::try_from_secs_f64(number * *unit as f64 / 1e9).map_err(|e| e.to_string())?;
    if duration.is_zero() { Err("longer than zero, please".into()) } else { Ok(duration) }
}

/// A time in the largest unit that keeps it above 1, to three digits: `10ms`, `1.53s`.
pub fn duration(ns: u64) -> String {
    let (name, unit) = UNITS.iter().rev().find(|(_, unit)| ns >= *unit).unwrap_or(&UNITS[0]);
    scaled(ns as f64 / *unit as f64) + name
}

/// A time since the device's start, as Linux's log has it: `[   12.345678]`.
pub fn stamp(ns: u64) -> String {
    format!("[{:5}.{:06}]", ns / 1_000_000_000, ns / 1000 % 1_000_000)
}

/// A size in the largest binary unit that keeps it above 1, to three digits: `4KiB`.
pub fn bytes(n: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match units.iter().find(|(_, shift)| n >> shift > 0) {
        Some((name, shift)) => scaled(n as f64 / (1_u64 << shift) as f64) + name,
        None => format!("{n}B"),
    }
}

/// Three digits, without zeros at the end of a fraction.
fn scaled(x: f64) -> String {
    let digits = match x {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{x:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let cases = [("10ms", 10_000_000), ("1s", 1_000_000_000), ("1.5us", 1_500), ("7ns", 7)];
        for (text, ns) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(ns)), "{text}");
        }
        for text in
            ["", "10", "ms", "-1s", "1.2.3s", "0ms", "1e400s", "10 ms", "10m", "99999999999999999999999s"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_and_sizes_are_written() {
        let times = [
            (0, "0ns"),
            (999, "999ns"),
            (10_000_000, "10ms"),
            (1_534_000_000, "1.53s"),
            (61_000_000_000, "61s"),
        ];
        for (ns, text) in times {
            assert_eq!(duration(ns), text);
        }
        assert_eq!(stamp(61_000_000_999), "[   61.000000]");
        assert_eq!(stamp(1_999_999), "[    0.001999]");
        let sizes = [(0, "0B"), (1023, "1023B"), (4096, "4KiB"), (1 << 20, "1MiB"), (3 << 29, "1.5GiB")];
        for (n, text) in sizes {
            assert_eq!(bytes(n), text);
        }
    }
}
