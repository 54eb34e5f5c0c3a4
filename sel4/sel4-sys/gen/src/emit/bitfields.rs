//! Bitfield types: a tuple of words with a constructor and one getter and setter per field.

use std::fmt::Write as _;

use anyhow::Result;

use super::identifier;
use crate::bitfield::{Block, Field, File};

pub(super) fn write(out: &mut String, file: &File) -> Result<()> {
    for block in &file.blocks {
        define(out, &block.name, block.words)?;
        writeln!(out, "impl {} {{", block.name)?;
        layout(out, block, "", None)?;
        writeln!(out, "}}")?;
    }
    for union in &file.unions {
        let name = &union.name;
        let Some((first, _)) = union.layouts.first() else { continue };
        for (block, tag) in &union.layouts {
            writeln!(out, "/// The tag of `{name}`'s layout `{}`.", block.name)?;
            writeln!(out, "pub const {name}_{}: seL4_Word = {tag};", block.name)?;
        }
        define(out, name, first.words)?;
        writeln!(out, "impl {name} {{")?;
        if let Some(tag) = first.fields.iter().find(|field| field.name == union.tag) {
            writeln!(out, "    /// The tag: which layout it is.")?;
            writeln!(
                out,
                "    #[inline(always)]\n    pub const fn tag(&self) -> seL4_Word {{ {} }}",
                read(tag)
            )?;
        }
        for (block, tag) in &union.layouts {
            layout(out, block, &format!("{}_", block.name), Some((&union.tag, *tag)))?;
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

fn define(out: &mut String, name: &str, words: usize) -> Result<()> {
    writeln!(out, "/// `{name}`.\n#[repr(transparent)]")?;
    writeln!(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]")?;
    writeln!(out, "pub struct {name}(pub [seL4_Word; {words}]);")?;
    Ok(())
}

/// Constructor, getters and setters of one layout; a union's have the layout's name in front.
fn layout(out: &mut String, block: &Block, prefix: &str, tag: Option<(&String, u64)>) -> Result<()> {
    let is_tag = |field: &&Field| tag.is_some_and(|(tag, _)| &field.name == tag);
    let fields: Vec<_> = block.fields.iter().filter(|field| !is_tag(field)).collect();
    let arguments: Vec<_> =
        fields.iter().map(|field| format!("{}: seL4_Word", identifier(&field.name))).collect();
    writeln!(
        out,
        "    /// A value of these fields, most significant first; bits beyond a field's width are cut."
    )?;
    writeln!(
        out,
        "    #[inline(always)]\n    pub const fn {prefix}new({}) -> Self {{",
        arguments.join(", ")
    )?;
    writeln!(out, "        let mut words = [0; {}];", block.words)?;
    for field in &block.fields {
        let value = match tag.filter(|_| is_tag(&field)) {
            Some((_, value)) => value.to_string(),
            None => format!("({} & {:#x})", identifier(&field.name), mask(field)),
        };
        writeln!(out, "        words[{}] |= {value} << {};", field.word, field.shift)?;
    }
    writeln!(out, "        Self(words)\n    }}")?;
    for field in &fields {
        let Field { name, word, shift, width } = field;
        let mask = mask(field);
        writeln!(out, "    /// The {width}-bit field `{name}`.\n    #[inline(always)]")?;
        writeln!(out, "    pub const fn {prefix}get_{name}(&self) -> seL4_Word {{ {} }}", read(field))?;
        writeln!(out, "    /// Sets the {width}-bit field `{name}`.\n    #[inline(always)]")?;
        writeln!(out, "    pub const fn {prefix}set_{name}(&mut self, value: seL4_Word) {{")?;
        writeln!(
            out,
            "        self.0[{word}] = (self.0[{word}] & !({mask:#x} << {shift})) | ((value & {mask:#x}) << {shift});\n    }}"
        )?;
    }
    Ok(())
}

fn mask(field: &Field) -> u64 {
    u64::MAX >> (64 - field.width.min(64))
}

fn read(field: &Field) -> String {
    format!("(self.0[{}] >> {}) & {:#x}", field.word, field.shift, mask(field))
}
