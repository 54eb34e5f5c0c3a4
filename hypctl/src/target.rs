//! Naming a program or a map, as bpftool does: `NAME`, `name NAME` or `id N`.

use std::fmt;

use anyhow::{Context, Result, bail};
use bpf_runtime::bundle::{MAX_NAME, is_name};

/// A program or a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By its number.
    Id(u32),
    /// By its name.
    Name(String),
}

impl Target {
    /// Reads a target off the front of `words`; gives the words after it.
    ///
    /// # Errors
    /// There is none.
    pub fn parse(words: &[String]) -> Result<(Self, &[String])> {
        match words {
            [word, id, rest @ ..] if word == "id" => {
                let id = id.parse().ok().filter(|id| *id != 0);
                Ok((Self::Id(id.with_context(|| format!("id {}: not a number above 0", words[1]))?), rest))
            }
            [word, name, rest @ ..] if word == "name" => Ok((Self::Name(checked(name)?), rest)),
            [name, rest @ ..] => Ok((Self::Name(checked(name)?), rest)),
            [] => bail!("name a program or map: NAME, name NAME or id N"),
        }
    }

    /// Reads words that are one target and nothing else.
    ///
    /// # Errors
    /// They are not.
    pub fn only(words: &[String]) -> Result<Self> {
        match Self::parse(words)? {
            (target, []) => Ok(target),
            (_, rest) => bail!("{:?} is too much: give NAME, name NAME or id N", rest.join(" ")),
        }
    }

    /// The id and the name of a request: one of them is empty.
    pub fn id_and_name(&self) -> (u32, String) {
        match self {
            Self::Id(id) => (*id, String::new()),
            Self::Name(name) => (0, name.clone()),
        }
    }

    /// Whether it means what has this id and name.
    pub fn matches(&self, id: u32, name: &str) -> bool {
        match self {
            Self::Id(is) => *is == id,
            Self::Name(is) => is == name,
        }
    }
}

/// A name that a device can read: what is too long for it would get no answer.
///
/// # Errors
/// It is none.
pub fn checked(text: &str) -> Result<String> {
    if !is_name(text.as_bytes()) {
        bail!("{text:?} is no name: 1 to {MAX_NAME} of A-Z a-z 0-9 _ .");
    }
    Ok(text.into())
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
