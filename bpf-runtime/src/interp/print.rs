//! The text of `bpf_trace_printk` and `bpf_trace_vprintk`.
//!
//! Conversions: d i u x X o c s p and %, with `-`, `0`, `#`, a width, a precision for strings, and the lengths
//! hh h l ll z. A conversion that is not known or has no argument is shown as it is.
use super::{TrapReason, machine::Machine};
use crate::map::Bytes;

/// Bytes of one printed text at most; the rest is cut.
pub const MAX_TEXT: usize = 256;
/// Bytes of a format that are looked at.
const MAX_FORMAT: usize = 256;
const MAX_WIDTH: usize = 64;

/// Memory by the program's addresses.
pub(crate) trait Source {
    /// The bytes of a helper's argument.
    fn bytes(&self, address: u64, len: usize) -> Result<Bytes<'_>, TrapReason>;
    /// Loads from any address: an error where it is not the program's memory.
    fn load(&self, address: u64, size: usize) -> Result<u64, TrapReason>;
}

impl<E: ?Sized> Source for Machine<'_, '_, E> {
    fn bytes(&self, address: u64, len: usize) -> Result<Bytes<'_>, TrapReason> {
        self.bytes(address, len)
    }

    fn load(&self, address: u64, size: usize) -> Result<u64, TrapReason> {
        self.load(address, size)
    }
}

/// Where the values to print are.
#[derive(Clone, Copy)]
pub(crate) enum Arguments {
    Registers([u64; 3]),
    Memory { address: u64, bytes: u64 },
}

/// Text of bounded length.
pub(crate) struct Text {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl Text {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    fn pad(&mut self, byte: u8, n: usize) {
        (0..n).for_each(|_| self.push(byte));
    }
}

/// A conversion, parsed.
#[derive(Default)]
struct Conversion {
    left: bool,
    zeros: bool,
    prefix: bool,
    width: usize,
    precision: Option<usize>,
    /// Bytes of the argument.
    size: usize,
    kind: u8,
}

impl Conversion {
    /// Parses what follows a `%`; gives the bytes that it took.
    fn parse(format: &[u8]) -> (Self, usize) {
        let mut c = Self { size: 4, ..Self::default() };
        let mut at = 0;
        let peek = |at: usize| format.get(at).copied().unwrap_or(0);
        while let flag @ (b'-' | b'0' | b'#' | b'+' | b' ') = peek(at) {
            c.left |= flag == b'-';
            c.zeros |= flag == b'0';
            c.prefix |= flag == b'#';
            at += 1;
        }
        c.width = number(format, &mut at);
        if peek(at) == b'.' {
            at += 1;
            c.precision = Some(number(format, &mut at));
        }
        while let length @ (b'h' | b'l' | b'z') = peek(at) {
            c.size = if length == b'h' { c.size / 2 } else { 8 };
            at += 1;
        }
        c.kind = peek(at);
        (c, (at + 1).min(format.len()))
    }
}

fn number(format: &[u8], at: &mut usize) -> usize {
    let mut n = 0;
    while let Some(digit @ b'0'..=b'9') = format.get(*at) {
        n = (n * 10 + usize::from(digit - b'0')).min(MAX_WIDTH);
        *at += 1;
    }
    n
}

pub(crate) fn format(
    vm: &impl Source,
    address: u64,
    len: u64,
    arguments: Arguments,
) -> Result<Text, TrapReason> {
    let source = vm.bytes(address, len as usize)?;
    let mut format = [0; MAX_FORMAT];
    let mut n = 0;
    while let Some(byte) = source.byte(n).filter(|&byte| byte != 0 && n < MAX_FORMAT) {
        format[n] = byte;
        n += 1;
    }
    let mut rest = &format[..n];
    let mut text = Text { bytes: [0; MAX_TEXT], len: 0 };
    let mut next = 0;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            text.push(byte);
            continue;
        }
        let (conversion, taken) = Conversion::parse(rest);
        let (spec, after) = rest.split_at(taken);
        let argument = if conversion.kind == b'%' { Some(0) } else { arguments.get(vm, next)? };
        match argument {
            Some(value) if convert(vm, &mut text, &conversion, value) => {
                next += usize::from(conversion.kind != b'%');
            }
            _ => core::iter::once(&b'%').chain(spec).for_each(|&byte| text.push(byte)),
        }
        rest = after;
    }
    Ok(text)
}

impl Arguments {
    fn get(self, vm: &impl Source, n: usize) -> Result<Option<u64>, TrapReason> {
        match self {
            Self::Registers(values) => Ok(values.get(n).copied()),
            Self::Memory { address, bytes } if (n as u64 + 1) * 8 <= bytes => {
                vm.load(address.wrapping_add(n as u64 * 8), 8).map(Some)
            }
            Self::Memory { .. } => Ok(None),
        }
    }
}

/// Prints one value; false if the conversion is not known.
fn convert(vm: &impl Source, text: &mut Text, c: &Conversion, value: u64) -> bool {
    let unsigned = value & (u64::MAX >> (64 - 8 * c.size.max(1)));
    match c.kind {
        b'%' => text.push(b'%'),
        b'c' => padded(text, c, &[value as u8]),
        b's' => string(vm, text, c, value),
        b'p' => digits(text, &Conversion { prefix: true, ..*c }, value, 16, false),
        b'd' | b'i' => {
            let bits = 8 * c.size.max(1) as u32;
            let signed = super::alu::sign_extend(value, bits) as i64;
            digits(text, c, signed.unsigned_abs(), 10, signed < 0);
        }
        b'u' => digits(text, c, unsigned, 10, false),
        b'x' | b'X' => digits(text, c, unsigned, 16, false),
        b'o' => digits(text, c, unsigned, 8, false),
        _ => return false,
    }
    true
}

fn padded(text: &mut Text, c: &Conversion, bytes: &[u8]) {
    let pad = c.width.saturating_sub(bytes.len());
    if !c.left {
        text.pad(b' ', pad);
    }
    for &byte in bytes {
        text.push(byte);
    }
    if c.left {
        text.pad(b' ', pad);
    }
}

fn digits(text: &mut Text, c: &Conversion, mut value: u64, radix: u64, negative: bool) {
    let alphabet: &[u8; 16] = if c.kind == b'X' { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    // 22 octal digits, a sign or a prefix of two.
    let mut buffer = [b'0'; 2 * MAX_WIDTH];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = alphabet[(value % radix) as usize];
        value /= radix;
        if value == 0 {
            break;
        }
    }
    let sign: &[u8] = match (negative, c.prefix && radix == 16) {
        (true, _) => b"-",
        (false, true) => b"0x",
        _ => b"",
    };
    if c.zeros && !c.left {
        let digits = c.width.saturating_sub(sign.len()).max(buffer.len() - at);
        at = buffer.len() - digits;
    }
    at -= sign.len();
    buffer[at..at + sign.len()].copy_from_slice(sign);
    padded(text, c, &buffer[at..]);
}

/// A string up to its zero byte, the end of its memory, or the precision; an address that is not the
/// program's memory prints as in Linux, `(fault)`.
fn string(vm: &impl Source, text: &mut Text, c: &Conversion, address: u64) {
    let mut bytes = [0; MAX_TEXT];
    let mut n = 0;
    let limit = c.precision.unwrap_or(MAX_TEXT).min(MAX_TEXT);
    while n < limit {
        match vm.load(address.wrapping_add(n as u64), 1) {
            Ok(0) => break,
            Ok(byte) => bytes[n] = byte as u8,
            Err(_) if n == 0 => return padded(text, c, b"(fault)"),
            Err(_) => break,
        }
        n += 1;
    }
    padded(text, c, &bytes[..n]);
}
