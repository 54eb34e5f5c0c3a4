//! What a command prints: a table for people, or JSON.

pub mod picture;
pub mod value;

use std::io::{self, Write};

use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

/// One line of a list.
pub trait Row: Serialize {
    /// What stands above each column.
    const HEADER: &'static [&'static str];
    /// The cells under it, in order.
    fn cells(&self) -> Vec<String>;
}

/// Where a command prints to, and how.
pub struct Output<'a> {
    out: &'a mut dyn Write,
    /// Whether to print JSON.
    pub json: bool,
}

impl<'a> Output<'a> {
    /// Prints to `out`.
    pub fn new(out: &'a mut dyn Write, json: bool) -> Self {
        Self { out, json }
    }

    /// Where it goes, for what prints by itself.
    pub fn writer(&mut self) -> &mut dyn Write {
        self.out
    }

    /// Prints a list; `none` in place of an empty table.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn list<T: Row>(&mut self, rows: &[T], none: &str) -> io::Result<()> {
        if self.json {
            return self.value(&rows);
        }
        if rows.is_empty() {
            return self.line(none);
        }
        self.line(&table(T::HEADER, rows.iter().map(Row::cells)))
    }

    /// Prints one thing as lines of `name  value`.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn facts(&mut self, value: &impl Serialize, facts: &[(&str, String)]) -> io::Result<()> {
        if self.json {
            return self.value(value);
        }
        let rows = facts.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]);
        self.line(&table(&[], rows))
    }

    /// Says that something was done.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn done(&mut self, text: &str) -> io::Result<()> {
        if self.json { self.value(&serde_json::json!({ "done": text })) } else { self.line(text) }
    }

    /// Prints a value as one line of JSON.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value).map_err(io::Error::other)?;
        self.line(&text)
    }

    /// Prints a line, at once.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }
}

/// Aligned columns, two spaces apart, no border.
fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Text from a device, fit for a terminal: control characters would let it forge what we print.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
