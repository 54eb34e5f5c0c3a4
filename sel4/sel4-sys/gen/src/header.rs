//! Constants of C headers: enumerators and `#define`s with a number, where the settings let them stand.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

use crate::expression::{condition, evaluate};
use crate::settings::Settings;

/// Constants in the order in which they were met; headers that build on others come after them.
pub struct Constants<'a> {
    settings: &'a Settings,
    values: HashMap<String, i64>,
    /// Name and value.
    pub list: Vec<(String, i64)>,
}

impl<'a> Constants<'a> {
    /// None yet.
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, values: HashMap::new(), list: Vec::new() }
    }

    /// Adds the `seL4_` constants of one header. Other names (include guards, macros) serve expressions only.
    ///
    /// # Errors
    ///
    /// A condition or an enumerator's value that is not understood.
    pub fn read(&mut self, text: &str) -> Result<()> {
        let text = self.visible(&without_comments(text))?;
        let mut rest = text.as_str();
        while let Some(start) = rest.find("enum") {
            let Some((head, tail)) = rest[start..].split_once('{') else { break };
            let Some((body, tail)) = tail.split_once('}') else { bail!("enum without end") };
            // `enum x y;` without a body before the next brace is no enumeration.
            if !head.contains(';') {
                self.enumeration(body)?;
            }
            rest = tail;
        }
        Ok(())
    }

    /// The lines that the conditions let stand; takes the `#define`s out of them.
    fn visible(&mut self, text: &str) -> Result<String> {
        let mut visible = String::new();
        let mut branches: Vec<Branch> = Vec::new();
        for line in text.replace("\\\n", " ").lines() {
            let line = line.trim();
            let live = branches.iter().all(|branch| branch.shown);
            let Some(directive) = line.strip_prefix('#') else {
                if live {
                    visible.extend([line, "\n"]);
                }
                continue;
            };
            let directive = directive.trim_start();
            let (word, argument) = directive.split_once([' ', '(']).unwrap_or((directive, ""));
            match word {
                // What stands where nothing counts is not looked at.
                "if" => branches.push(Branch::new(
                    !live || condition(directive.strip_prefix("if").unwrap_or(""), self.settings)?,
                )),
                "ifdef" => branches.push(Branch::new(self.defined(argument))),
                "ifndef" => branches.push(Branch::new(!self.defined(argument))),
                "elif" | "else" => {
                    let (branch, outer) = branches.split_last_mut().context("#else without #if")?;
                    branch.shown = !branch.taken
                        && (word == "else"
                            || !outer.iter().all(|branch| branch.shown)
                            || condition(directive.strip_prefix("elif").unwrap_or(""), self.settings)?);
                    branch.taken |= branch.shown;
                }
                "endif" => drop(branches.pop()),
                "define" if live => self.define(argument),
                _ => (),
            }
        }
        Ok(visible)
    }

    fn defined(&self, name: &str) -> bool {
        name.trim().strip_prefix("CONFIG_").is_some_and(|name| self.settings.defined(name))
    }

    fn define(&mut self, argument: &str) {
        // What is no number (a macro, an attribute) is no constant of ours.
        if let Some((name, value)) = argument.trim().split_once(char::is_whitespace)
            && let Ok(value) = self.value(value)
        {
            self.add(name, value);
        }
    }

    fn enumeration(&mut self, body: &str) -> Result<()> {
        let mut next = 0;
        // `SEL4_FORCE_LONG_ENUM(x)` only widens the C type.
        let items =
            body.split(',').map(str::trim).filter(|item| !item.is_empty() && !item.contains("FORCE_LONG"));
        for item in items {
            let (name, value) = match item.split_once('=') {
                Some((name, value)) => (name.trim(), self.value(value).with_context(|| item.to_string())?),
                None => (item, next),
            };
            self.add(name, value);
            next = value + 1;
        }
        Ok(())
    }

    fn value(&self, text: &str) -> Result<i64> {
        evaluate(text, &|name| match name.strip_prefix("CONFIG_") {
            Some(name) => self.settings.number(name),
            None => self.values.get(name).copied(),
        })
    }

    fn add(&mut self, name: &str, value: i64) {
        let new = self.values.insert(name.to_string(), value).is_none();
        if new && name.starts_with("seL4_") {
            self.list.push((name.to_string(), value));
        }
    }
}

/// Where the lines between an `#if` and its `#endif` are.
struct Branch {
    /// The lines here count.
    shown: bool,
    /// These or ones before them do: those of an `#else` don't.
    taken: bool,
}

impl Branch {
    const fn new(shown: bool) -> Self {
        Self { shown, taken: shown }
    }
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.lines().flat_map(|line| [line.split("//").next().unwrap_or(""), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constants(text: &str) -> Result<Vec<(String, i64)>> {
        let settings = Settings::parse(r#"{"HUGE_PAGE": true, "NUM_PRIORITIES": "256"}"#).expect("JSON");
        let mut constants = Constants::new(&settings);
        constants.read(text)?;
        Ok(constants.list)
    }

    #[test]
    fn reads_enumerations_with_conditions() {
        let list = constants(
            "#ifndef __X_H\n#define __X_H\n typedef enum _mode { /* c */\n seL4_A = 5,\n#ifdef CONFIG_HUGE_PAGE\n seL4_B,\n\
             #else\n seL4_C,\n#endif\n#if defined(CONFIG_VTX)\n seL4_D,\n#endif\n seL4_E, // e\n \
             SEL4_FORCE_LONG_ENUM(x),\n} x;\n#endif\n enum { seL4_F = seL4_E, seL4_G };\n",
        );
        let expected = [("seL4_A", 5), ("seL4_B", 6), ("seL4_E", 7), ("seL4_F", 7), ("seL4_G", 8)];
        assert_eq!(list.expect("read"), expected.map(|(name, value)| (name.to_string(), value)));
    }

    #[test]
    fn reads_defines() {
        let list = constants(
            "#define seL4_PageBits 12\n#define seL4_Max (CONFIG_NUM_PRIORITIES - 1)\n#define seL4_F(x) x\n\
             #define seL4_R seL4_CapRights_new(0)\n#define LOCAL 3\n#define seL4_L LOCAL\n#ifndef CONFIG_HUGE_PAGE\n\
             #define seL4_N 1\n#endif\n",
        );
        let expected = [("seL4_PageBits", 12), ("seL4_Max", 255), ("seL4_L", 3)];
        assert_eq!(list.expect("read"), expected.map(|(name, value)| (name.to_string(), value)));
    }

    #[test]
    fn takes_one_of_several_branches() {
        let branches = |first, second| {
            let text = format!(
                "#if {first}\n#define seL4_A 1\n#elif {second}\n#define seL4_A 2\n#elif defined(CONFIG_HUGE_PAGE) \\\n  \
                 && 1\n#define seL4_A 3\n#else\n#define seL4_A 4\n#endif\n"
            );
            constants(&text).expect("read")
        };
        for (first, second, value) in [(1, 1, 1), (1, 0, 1), (0, 1, 2), (0, 0, 3)] {
            assert_eq!(branches(first, second), [("seL4_A".to_string(), value)]);
        }
        let unread =
            "#if 0\n#if 1 +\n#elif 1 +\n#endif\n#define seL4_A 1\n#elif 1\n#define seL4_B 1\n#endif\n";
        assert_eq!(constants(unread).expect("read"), [("seL4_B".to_string(), 1)]);
        assert!(constants("#elif 1\n#endif").is_err());
    }

    #[test]
    fn refuses_what_it_can_not_count() {
        assert!(constants("enum { seL4_A = sizeof(int) };").is_err());
        assert!(constants("enum { seL4_A").is_err());
        assert!(constants("#if 1 +\n#endif").is_err());
    }
}
