//! BTF, the type information of BPF objects (Linux `Documentation/bpf/btf.rst`): as much of it as maps need.

use anyhow::{Context, Result, bail};

const MAGIC: u16 = 0xeb9f;
/// `BTF_MAX_TYPE` of Linux is 0xfffff; an object that we load has far fewer.
const MAX_TYPES: usize = 65536;
/// Longest chain of typedefs, qualifiers and arrays that is followed.
const MAX_DEPTH: usize = 32;

/// `BTF_KIND_*` numbers.
mod kind {
    pub const INT: u32 = 1;
    pub const PTR: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const FWD: u32 = 7;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNC: u32 = 12;
    pub const FUNC_PROTO: u32 = 13;
    pub const VAR: u32 = 14;
    pub const DATASEC: u32 = 15;
    pub const FLOAT: u32 = 16;
    pub const DECL_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

/// One type: `struct btf_type` and what follows it.
#[derive(Clone, Copy, Debug)]
struct Type<'a> {
    name: u32,
    kind: u32,
    /// `size` or `type`, by kind.
    size_or_id: u32,
    /// Members, array description and so on.
    extra: &'a [u8],
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its name.
    pub name: &'a str,
    /// Number of its type.
    pub type_id: u32,
}

/// The types of an object.
#[derive(Debug)]
pub struct Btf<'a> {
    types: Vec<Type<'a>>,
    strings: Strings<'a>,
}

/// A string section: zero-terminated strings by offset.
#[derive(Clone, Copy, Debug)]
pub struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    /// The string at `offset`.
    pub fn get(&self, offset: u32) -> Result<&'a str> {
        let rest = self.0.get(offset as usize..).with_context(|| format!(".BTF: no string at {offset}"))?;
        let end = rest.iter().position(|b| *b == 0);
        let end = end.with_context(|| format!(".BTF: string at {offset} has no end"))?;
        str::from_utf8(&rest[..end]).with_context(|| format!(".BTF: string at {offset}"))
    }
}

/// The little-endian word at `offset` of `bytes`.
pub fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// The part of a section that its header's words at `offset` and `len` name, past the header.
pub fn part(section: &[u8], offset: usize, len: usize) -> Option<&[u8]> {
    let start = (word(section, 4)? as usize).checked_add(word(section, offset)? as usize)?;
    section.get(start..start.checked_add(word(section, len)? as usize)?)
}

/// The records of a part of `.BTF.ext`, with the names of their code sections as offsets in the strings: the size of one,
/// then for each section the name, their number, and they. `None`: a length does not fit.
pub fn records(info: &[u8], at_least: usize) -> Option<Vec<(u32, &[u8])>> {
    let mut records = Vec::new();
    if info.is_empty() {
        return Some(records);
    }
    let size = word(info, 0)? as usize;
    let mut at = 4;
    while size >= at_least && at < info.len() {
        let (section, count) = (word(info, at)?, word(info, at + 4)? as usize);
        let bytes = info.get(at + 8..)?.get(..count.checked_mul(size)?)?;
        at += 8 + bytes.len();
        records.extend(bytes.chunks_exact(size).map(|record| (section, record)));
    }
    Some(records)
}

/// Whether a section begins with BTF's magic and the version that we know.
pub fn has_magic(section: &[u8]) -> bool {
    section.get(..3) == Some(&[MAGIC as u8, (MAGIC >> 8) as u8, 1])
}

impl<'a> Btf<'a> {
    /// Reads a `.BTF` section.
    pub fn read(section: &'a [u8]) -> Result<Self> {
        if !has_magic(section) {
            bail!(".BTF: not BTF of version 1");
        }
        let (types, strings) =
            part(section, 8, 12).zip(part(section, 16, 20)).context(".BTF: truncated header")?;
        let mut btf = Self { types: Vec::new(), strings: Strings(strings) };
        let mut at = 0;
        while at < types.len() {
            if btf.types.len() == MAX_TYPES {
                bail!(".BTF: more than {MAX_TYPES} types");
            }
            let one = read_type(&types[at..])
                .with_context(|| format!(".BTF: type {} is damaged or unknown", btf.types.len() + 1))?;
            at += 12 + one.extra.len();
            btf.types.push(one);
        }
        Ok(btf)
    }

    /// Its strings.
    pub fn strings(&self) -> Strings<'a> {
        self.strings
    }

    /// The name of a type, behind typedefs and qualifiers.
    pub fn name(&self, id: u32) -> Result<&'a str> {
        self.strings.get(self.resolve(id)?.name)
    }

    fn get(&self, id: u32) -> Result<Type<'a>> {
        let found = (id as usize).checked_sub(1).and_then(|i| self.types.get(i));
        found.copied().with_context(|| format!(".BTF: no type {id}"))
    }

    /// The type behind typedefs and qualifiers.
    fn resolve(&self, mut id: u32) -> Result<Type<'a>> {
        for _ in 0..MAX_DEPTH {
            let one = self.get(id)?;
            match one.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = one.size_or_id;
                }
                _ => return Ok(one),
            }
        }
        bail!(".BTF: type {id} is a chain of more than {MAX_DEPTH} names")
    }

    /// Bytes that a value of the type takes.
    pub fn size(&self, id: u32) -> Result<u32> {
        let (mut id, mut count) = (id, 1_u64);
        for _ in 0..MAX_DEPTH {
            let one = self.resolve(id)?;
            let size = match one.kind {
                kind::INT | kind::STRUCT | kind::UNION | kind::ENUM | kind::FLOAT | kind::ENUM64 => {
                    u64::from(one.size_or_id)
                }
                kind::PTR => 8,
                kind::ARRAY => {
                    let (element, n) = array(&one)?;
                    count = count.saturating_mul(n.into());
                    id = element;
                    continue;
                }
                other => bail!(".BTF: type {id} (kind {other}) has no size"),
            };
            let bytes = count.saturating_mul(size);
            return u32::try_from(bytes).with_context(|| format!(".BTF: type {id} takes {bytes} bytes"));
        }
        bail!(".BTF: type {id} is an array of more than {MAX_DEPTH} dimensions")
    }

    /// What the type points to.
    pub fn pointee(&self, id: u32) -> Result<u32> {
        let one = self.resolve(id)?;
        if one.kind == kind::PTR { Ok(one.size_or_id) } else { bail!(".BTF: type {id} is no pointer") }
    }

    /// The number of elements of the array that the type points to: libbpf's `__uint`.
    pub fn uint(&self, id: u32) -> Result<u32> {
        let one = self.resolve(self.pointee(id)?)?;
        if one.kind == kind::ARRAY { Ok(array(&one)?.1) } else { bail!(".BTF: type {id} is no __uint") }
    }

    /// The members of a structure type.
    pub fn members(&self, id: u32) -> Result<Vec<Member<'a>>> {
        let one = self.resolve(id)?;
        if one.kind != kind::STRUCT {
            bail!(".BTF: type {id} is no structure");
        }
        let member = |m: &[u8; 12]| {
            let (name, type_id) = word(m, 0).zip(word(m, 4)).context(".BTF: member")?;
            Ok(Member { name: self.strings.get(name)?, type_id })
        };
        one.extra.as_chunks().0.iter().map(member).collect()
    }

    /// The variables of the section called `name`: their names and types.
    pub fn variables(&self, name: &str) -> Result<Vec<(&'a str, u32)>> {
        let mut found = Vec::new();
        for section in self.types.iter().filter(|t| t.kind == kind::DATASEC) {
            if self.strings.get(section.name)? != name {
                continue;
            }
            for entry in section.extra.as_chunks::<12>().0 {
                let variable = self.get(word(entry, 0).context(".BTF: variable")?)?;
                if variable.kind != kind::VAR {
                    bail!(".BTF: section {name} holds something else than variables");
                }
                found.push((self.strings.get(variable.name)?, variable.size_or_id));
            }
        }
        Ok(found)
    }
}

/// Element type and number of elements of an array.
fn array(one: &Type<'_>) -> Result<(u32, u32)> {
    word(one.extra, 0).zip(word(one.extra, 8)).context(".BTF: array")
}

fn read_type(bytes: &[u8]) -> Option<Type<'_>> {
    let (name, info, size_or_id) = (word(bytes, 0)?, word(bytes, 4)?, word(bytes, 8)?);
    let (kind, vlen) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
    let extra = match kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => vlen * 12,
        kind::ENUM | kind::FUNC_PROTO => vlen * 8,
        // FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC follow each other.
        kind::PTR | kind::FWD..=kind::FUNC | kind::FLOAT | kind::TYPE_TAG => 0,
        _ => return None,
    };
    Some(Type { name, kind, size_or_id, extra: bytes.get(12..12 + extra)? })
}
