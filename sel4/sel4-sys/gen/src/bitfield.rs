//! Bitfield files (`.bf`, preprocessed: `.pbf`), the language of the kernel's `tools/bitfield_gen.py`.
//!
//! ```text
//! base 64
//! block Badge { padding 32 field CapDataType 1 padding 3 field Badge 28 }   -- most significant bit first
//! tagged_union seL4_CapData CapDataType { tag Badge 0 tag Guard 1 }
//! ```

use anyhow::{Context, Result, anyhow, bail};
use winnow::Parser as _;
use winnow::ascii::{digit1, multispace1, till_line_ending};
use winnow::combinator::{alt, delimited, opt, preceded, repeat, separated, terminated};
use winnow::token::take_while;

type Parsed<T> = winnow::Result<T>;

/// The types of one or more files.
#[derive(Default, Debug)]
pub struct File {
    /// Types of one layout.
    pub blocks: Vec<Block>,
    /// Types of several layouts that a field tells apart.
    pub unions: Vec<Union>,
}

/// A layout.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Its C name; for a union's layout the tag's name.
    pub name: String,
    /// How many words it takes.
    pub words: usize,
    /// The fields as they are declared: the most significant first.
    pub fields: Vec<Field>,
}

/// A field, within one word.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The word, the least significant being 0.
    pub word: usize,
    /// The lowest bit within the word.
    pub shift: usize,
    /// How many bits.
    pub width: usize,
}

/// A tagged union.
#[derive(Debug, PartialEq, Eq)]
pub struct Union {
    /// Its C name.
    pub name: String,
    /// The field that holds the tag, in every layout.
    pub tag: String,
    /// The layouts and their tag values.
    pub layouts: Vec<(Block, u64)>,
}

enum Item {
    Base(usize),
    Block(String, Vec<(Option<String>, usize)>),
    Union(String, String, Vec<(String, u64)>),
}

impl File {
    /// Adds the types of a file's text.
    ///
    /// # Errors
    ///
    /// What is not understood, a layout that is not of whole words or has a field across two, a union of
    /// layouts that do not exist.
    pub fn read(&mut self, text: &str) -> Result<()> {
        let items = items.parse(text).map_err(|error| {
            let line = text[..error.offset()].lines().count();
            anyhow!(
                "line {line}: {:?} is not understood",
                text[error.offset()..].lines().next().unwrap_or("")
            )
        })?;
        let mut base = None;
        for item in items {
            match item {
                Item::Base(bits) => base = Some(bits),
                Item::Block(name, fields) => {
                    let base = base.context("a block before the base")?;
                    let block = layout(&name, &fields, base).with_context(|| format!("block {name}"))?;
                    self.blocks.push(block);
                }
                Item::Union(name, tag, layouts) => {
                    let union = self.union(&name, tag, layouts).with_context(|| format!("union {name}"))?;
                    self.unions.push(union);
                }
            }
        }
        Ok(())
    }

    /// Takes a union's layouts out of the blocks.
    fn union(&mut self, name: &str, tag: String, layouts: Vec<(String, u64)>) -> Result<Union> {
        let mut taken: Vec<(Block, u64)> = Vec::new();
        for (layout, value) in layouts {
            let position = self.blocks.iter().position(|block| block.name == layout);
            let block = self.blocks.remove(position.with_context(|| format!("no block {layout}"))?);
            let field = block.fields.iter().find(|field| field.name == tag);
            let width = field.with_context(|| format!("{layout} has no field {tag}"))?.width;
            if u32::try_from(width)
                .ok()
                .and_then(|width| value.checked_shr(width))
                .is_some_and(|rest| rest != 0)
            {
                bail!("tag {value} does not fit {tag}");
            }
            if taken.first().is_some_and(|(first, _)| first.words != block.words) {
                bail!("{layout} is of another size than the other layouts");
            }
            taken.push((block, value));
        }
        Ok(Union { name: name.to_string(), tag, layouts: taken })
    }
}

/// Counts the fields' places from the top down.
fn layout(name: &str, fields: &[(Option<String>, usize)], base: usize) -> Result<Block> {
    let total: usize = fields.iter().map(|(_, width)| width).sum();
    if !total.is_multiple_of(base) || total == 0 {
        bail!("{total} bits are no whole words of {base}");
    }
    let mut top = total;
    let mut placed = Vec::new();
    for (field, width) in fields {
        top -= width;
        let Some(field) = field else { continue };
        if *width == 0 || top / base != (top + width - 1) / base {
            bail!("field {field} is empty or lies across two words");
        }
        placed.push(Field { name: field.clone(), word: top / base, shift: top % base, width: *width });
    }
    Ok(Block { name: name.to_string(), words: total / base, fields: placed })
}

fn items(input: &mut &str) -> Parsed<Vec<Item>> {
    preceded(blank, repeat(0.., alt((base, block, union)))).parse_next(input)
}

/// White space and comments.
fn blank(input: &mut &str) -> Parsed<()> {
    repeat(0.., alt((multispace1.void(), ("--", till_line_ending).void()))).parse_next(input)
}

fn word<'a>(input: &mut &'a str) -> Parsed<&'a str> {
    let letters = take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_');
    terminated(letters, blank).parse_next(input)
}

fn name(input: &mut &str) -> Parsed<String> {
    word.map(str::to_string).parse_next(input)
}

fn keyword<'a>(expected: &'static str) -> impl FnMut(&mut &'a str) -> Parsed<&'a str> {
    move |input| word.verify(|word: &str| word == expected).parse_next(input)
}

fn number<T: std::str::FromStr>(input: &mut &str) -> Parsed<T> {
    terminated(digit1, blank).parse_to().parse_next(input)
}

fn symbol(input: &mut &str, text: &'static str) -> Parsed<()> {
    (text, blank).void().parse_next(input)
}

fn base(input: &mut &str) -> Parsed<Item> {
    preceded(keyword("base"), number::<usize>.verify(|bits| matches!(bits, 32 | 64)))
        .map(Item::Base)
        .parse_next(input)
}

fn block(input: &mut &str) -> Parsed<Item> {
    // The parameter list is the order of a constructor's arguments, which the field order serves as well.
    let arguments = delimited(
        |i: &mut _| symbol(i, "("),
        separated::<_, _, Vec<_>, _, _, _, _>(0.., word, |i: &mut _| symbol(i, ",")),
        |i: &mut _| symbol(i, ")"),
    );
    let field = alt((
        preceded(keyword("padding"), number).map(|width| (None, width)),
        preceded(keyword("field"), (name, number)).map(|(name, width)| (Some(name), width)),
    ));
    let fields = delimited(|i: &mut _| symbol(i, "{"), repeat(1.., field), |i: &mut _| symbol(i, "}"));
    preceded(keyword("block"), (name, opt(arguments), fields))
        .map(|(name, _, fields)| Item::Block(name, fields))
        .parse_next(input)
}

fn union(input: &mut &str) -> Parsed<Item> {
    let tag = preceded(keyword("tag"), (name, number));
    let tags = delimited(|i: &mut _| symbol(i, "{"), repeat(1.., tag), |i: &mut _| symbol(i, "}"));
    preceded(keyword("tagged_union"), (name, name, tags))
        .map(|(name, field, tags)| Item::Union(name, field, tags))
        .parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP_DATA: &str = "-- c\nbase 64\nblock Guard {\n padding 32\n field T 1 -- tag\n padding 5\n field GuardBits 18\n \
                            field GuardSize 6\n padding 2\n}\nblock Badge (Badge, T) { padding 32 field T 1 padding 3 field Badge 28 }\n\
                            tagged_union CapData T { tag Badge 0 tag Guard 1 }\n";

    #[test]
    fn places_fields_from_the_top() {
        let mut file = File::default();
        file.read(CAP_DATA).expect("well-formed");
        assert!(file.blocks.is_empty());
        let (guard, tag) = &file.unions[0].layouts[1];
        assert_eq!((guard.name.as_str(), *tag, guard.words), ("Guard", 1, 1));
        let places: Vec<_> =
            guard.fields.iter().map(|f| (f.name.as_str(), f.word, f.shift, f.width)).collect();
        assert_eq!(places, [("T", 0, 31, 1), ("GuardBits", 0, 8, 18), ("GuardSize", 0, 2, 6)]);
    }

    #[test]
    fn the_last_field_is_in_word_0() {
        let mut file = File::default();
        file.read("base 64 block F { field IP 64 padding 61 field Type 3 }").expect("well-formed");
        assert_eq!((file.blocks[0].fields[0].word, file.blocks[0].fields[1].word), (1, 0));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in [
            "block A { field x 64 }",
            "base 16",
            "base 64 block A { field x 63 }",
            "base 64 block A { padding 32 field x 64 padding 32 }",
            "base 64 block A { }",
            "base 64 block A { field_high x 64 }",
            "base 64 tagged_union U t { tag A 0 }",
            "base 64 block A { padding 63 field t 1 } tagged_union U t { tag A 2 }",
            "base 64 block A { field x 99999999999999999999999 }",
        ] {
            assert!(File::default().read(text).is_err(), "{text}");
        }
    }
}
