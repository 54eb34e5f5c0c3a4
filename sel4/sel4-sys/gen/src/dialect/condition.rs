//! Conditions of methods and system calls.

use anyhow::{Context, Result, bail};
use roxmltree::Node;

use crate::Settings;
use crate::expression::condition as holds;

/// Whether the node's condition holds; `None` if it has none. It is an attribute with an expression, or an element with
/// one `<config var>`, `<not>`, `<and>` or `<or>` in it (`tools/condition.py` of seL4).
///
/// # Errors
///
/// It is not understood.
pub fn of(node: Node, settings: &Settings) -> Result<Option<bool>> {
    if let Some(text) = node.attribute("condition") {
        return holds(text, settings).map(Some);
    }
    let Some(element) = node.children().find(|child| child.has_tag_name("condition")) else {
        return Ok(None);
    };
    let mut terms = element.children().filter(Node::is_element);
    match (terms.next(), terms.next()) {
        (None, _) => Ok(None),
        (Some(term), None) => evaluate(term, settings).map(Some),
        (Some(_), Some(_)) => bail!("<condition> with more than one element"),
    }
}

fn evaluate(term: Node, settings: &Settings) -> Result<bool> {
    let mut inner = term.children().filter(Node::is_element).map(|inner| evaluate(inner, settings));
    match term.tag_name().name() {
        "config" => {
            let name = term.attribute("var").context("<config> without var")?;
            Ok(settings.defined(name.strip_prefix("CONFIG_").unwrap_or(name)))
        }
        "not" => Ok(!inner.next().context("<not> of nothing")??),
        // All are looked at, so that one that is not understood is found in any configuration.
        "and" => inner.try_fold(true, |all, one| Ok(one? && all)),
        "or" => inner.try_fold(false, |any, one| Ok(one? || any)),
        other => bail!("<{other}> in a condition is not understood"),
    }
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    fn condition(xml: &str) -> Result<Option<bool>> {
        let settings = Settings::parse(r#"{"A": true, "B": false}"#).expect("JSON");
        let text = format!("<method{xml}</method>");
        let document = Document::parse(&text).expect("XML");
        of(document.root_element(), &settings)
    }

    #[test]
    fn both_forms_are_understood() {
        let element = |inner: &str| condition(&format!("><condition>{inner}</condition>"));
        let (a, b) = (r#"<config var="CONFIG_A"/>"#, r#"<config var="CONFIG_B"/>"#);
        assert_eq!(condition(r#" condition="defined(CONFIG_A)">"#).expect("read"), Some(true));
        assert_eq!(condition(">").expect("read"), None);
        assert_eq!(element("").expect("read"), None);
        assert_eq!(element(a).expect("read"), Some(true));
        assert_eq!(element(b).expect("read"), Some(false));
        assert_eq!(element(&format!("<!-- c --> <not>{b}</not>")).expect("read"), Some(true));
        assert_eq!(element(&format!("<and>{a}<not>{a}</not></and>")).expect("read"), Some(false));
        assert_eq!(element(&format!("<or>{b}<and>{a}{a}</and></or>")).expect("read"), Some(true));
    }

    #[test]
    fn others_are_refused() {
        for inner in ["<xor/>", "<config/>", "<not/>", "<not/><not/>", "<or><nor/></or>"] {
            assert!(condition(&format!("><condition>{inner}</condition>")).is_err(), "{inner}");
        }
    }
}
