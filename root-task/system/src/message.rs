//! A violation's message, put together while the table is compiled.

/// A text of at most 160 bytes that a `const fn` can build and a compiler error can show.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    bytes: [u8; 160],
    len: usize,
}

impl Message {
    /// The parts, one behind the other; what does not fit is cut off.
    pub const fn of(parts: &[&str]) -> Self {
        let mut message = Self { bytes: [0; 160], len: 0 };
        let mut i = 0;
        while i < parts.len() {
            let part = parts[i].as_bytes();
            let mut j = 0;
            while j < part.len() && message.len < message.bytes.len() {
                message.bytes[message.len] = part[j];
                message.len += 1;
                j += 1;
            }
            i += 1;
        }
        message
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "table: a name is not UTF-8",
        }
    }
}

/// Whether two names are the same (`==` on `str` is not `const`).
pub const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
