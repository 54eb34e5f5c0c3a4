//! The kernel's settings: read from `autoconf.h`, written as `gen_config.json`, the form in which newer
//! kernels publish them and the bindings read them.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// Settings by name without `CONFIG_`, in the file's order.
pub struct Settings(Vec<(String, Value)>);

impl Settings {
    /// Reads the `#define CONFIG_<name> <value>` lines: a bare 1 is a switch (`true`), a number stands in
    /// parentheses, anything else is a word. Numbers and words become strings, as seL4's own
    /// `gen_config.json` has them.
    ///
    /// # Errors
    ///
    /// A define without a value, with a bare number other than 1 (which would be ambiguous), or a name
    /// that was defined before.
    pub fn parse(autoconf: &str) -> Result<Self> {
        let mut settings = Self(Vec::new());
        for (line, text) in autoconf.lines().enumerate() {
            if let Some(define) = text.strip_prefix("#define CONFIG_") {
                settings.define(define).with_context(|| format!("line {}", line + 1))?;
            }
        }
        Ok(settings)
    }

    /// Adds one setting, written as `NAME value`.
    fn define(&mut self, define: &str) -> Result<()> {
        let (name, value) = define
            .split_once(' ')
            .with_context(|| format!("CONFIG_{define}: no value; write 1, (number) or a word"))?;
        if self.0.iter().any(|(known, _)| known == name) {
            bail!("CONFIG_{name}: defined twice");
        }
        let value = value.trim();
        let value = match value.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(number) => {
                let number: u64 = number.parse().with_context(|| format!("CONFIG_{name}: {number:?}"))?;
                Value::String(number.to_string())
            }
            None if value == "1" => Value::Bool(true),
            None if value.starts_with(|c: char| c.is_ascii_alphabetic()) => Value::String(value.into()),
            None => bail!("CONFIG_{name}: {value:?}: write 1, (number) or a word"),
        };
        self.0.push((name.into(), value));
        Ok(())
    }

    /// A setting that is a word or a number.
    ///
    /// # Errors
    ///
    /// It is absent or a switch.
    pub fn word(&self, name: &str) -> Result<&str> {
        let value = self.0.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_str());
        value.with_context(|| format!("CONFIG_{name} is not set to a word"))
    }

    /// The settings as `gen_config.json`.
    pub fn json(&self) -> String {
        let map: Map<String, Value> = self.0.iter().cloned().collect();
        format!("{:#}\n", Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_switches_numbers_and_words() {
        let text =
            "/* c */\n#define CONFIG_A 1\n#define CONFIG_B (1)\n#define CONFIG_C pc99\n#define OTHER 3\n";
        let settings = Settings::parse(text).expect("well-formed");
        let json: Value = serde_json::from_str(&settings.json()).expect("JSON");
        assert_eq!(json, serde_json::json!({"A": true, "B": "1", "C": "pc99"}));
        assert_eq!(settings.word("C").expect("set"), "pc99");
        assert!(settings.word("A").is_err());
    }

    #[test]
    fn refuses_what_is_ambiguous() {
        for text in ["A", "A 2", "A (x)", "A 1\n#define CONFIG_A 1", "A \"x\""] {
            assert!(Settings::parse(&format!("#define CONFIG_{text}\n")).is_err(), "{text}");
        }
    }
}
