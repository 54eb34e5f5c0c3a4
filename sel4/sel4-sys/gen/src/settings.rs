//! The kernel's settings, as `gen_config.json` has them: switches are booleans, all else strings.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// Settings by name without `CONFIG_`.
pub struct Settings(Map<String, Value>);

impl Settings {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// It is not a JSON object.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self(serde_json::from_str(text).context("not a JSON object")?))
    }

    /// A setting that is a word, such as `SEL4_ARCH`.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whether the preprocessor would find `CONFIG_<name>` defined.
    pub fn defined(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value != &Value::Bool(false))
    }

    /// What the preprocessor would find as `CONFIG_<name>`'s number: a switch counts 1.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Bool(on) => Some(i64::from(*on)),
            value => value.as_str()?.parse().ok(),
        }
    }

    /// All settings in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
