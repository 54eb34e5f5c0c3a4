//! Constant expressions of C and its preprocessor, as far as kernel headers and conditions use them.

use anyhow::{Result, anyhow};
use winnow::Parser as _;
use winnow::ascii::{digit1, hex_digit1, multispace0};
use winnow::combinator::{Infix, Prefix, alt, delimited, dispatch, expression, fail, opt, preceded};
use winnow::token::{any, take_while};

use crate::settings::Settings;

/// What the names in an expression stand for.
#[derive(Clone, Copy)]
struct Names<'a> {
    value: &'a dyn Fn(&str) -> Option<i64>,
    defined: &'a dyn Fn(&str) -> bool,
}

type Parsed<T> = winnow::Result<T>;

/// Evaluates an expression over the names that `value` knows.
///
/// # Errors
///
/// It is not an expression, or uses a name that is not known.
pub fn evaluate(text: &str, value: &dyn Fn(&str) -> Option<i64>) -> Result<i64> {
    parse(text, Names { value, defined: &|name| value(name).is_some() })
}

/// Evaluates the condition of an `#if` or of an interface: an undefined name counts 0.
///
/// # Errors
///
/// It is not an expression.
pub fn condition(text: &str, settings: &Settings) -> Result<bool> {
    let value =
        |name: &str| Some(name.strip_prefix("CONFIG_").and_then(|name| settings.number(name)).unwrap_or(0));
    let defined = |name: &str| name.strip_prefix("CONFIG_").is_some_and(|name| settings.defined(name));
    Ok(parse(text, Names { value: &value, defined: &defined })? != 0)
}

fn parse(text: &str, names: Names) -> Result<i64> {
    let mut parser = |input: &mut &str| calculation(input, names);
    parser.parse(text.trim()).map_err(|_| anyhow!("the expression {text:?} is not understood"))
}

fn name<'a>(input: &mut &'a str) -> Parsed<&'a str> {
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_').parse_next(input)
}

fn operand(input: &mut &str, names: Names) -> Parsed<i64> {
    let hex = preceded("0x", hex_digit1).try_map(|digits| i64::from_str_radix(digits, 16));
    let number = alt((hex, digit1.parse_to::<i64>()));
    let suffix = take_while(0.., ['u', 'U', 'l', 'L']);
    let defined = preceded(
        ("defined", multispace0),
        alt((delimited(("(", multispace0), name, (multispace0, ")")), name)),
    );
    let group = delimited("(", |i: &mut &str| calculation(i, names), ")");
    delimited(
        multispace0,
        alt((
            (number, suffix).map(|(number, _)| number),
            defined.map(|name| i64::from((names.defined)(name))),
            name.verify_map(names.value),
            group,
        )),
        multispace0,
    )
    .parse_next(input)
}

fn calculation(input: &mut &str, names: Names) -> Parsed<i64> {
    expression(|i: &mut &str| operand(i, names))
        .prefix(delimited(
            multispace0,
            dispatch! {any;
                '-' => Prefix(14, |_: &mut _, a: i64| Ok(a.wrapping_neg())),
                '!' => Prefix(14, |_: &mut _, a: i64| Ok(i64::from(a == 0))),
                _ => fail,
            },
            multispace0,
        ))
        .infix(dispatch! {any;
            '+' => Infix::Left(11, |_: &mut _, a: i64, b: i64| Ok(a.wrapping_add(b))),
            '-' => Infix::Left(11, |_: &mut _, a: i64, b: i64| Ok(a.wrapping_sub(b))),
            '*' => Infix::Left(12, |_: &mut _, a: i64, b: i64| Ok(a.wrapping_mul(b))),
            '<' => |i: &mut &str| match opt(alt(("<", "="))).parse_next(i)? {
                Some("<") => Ok(Infix::Left(10, |_: &mut _, a: i64, b: i64| Ok(a.wrapping_shl(b as u32)))),
                Some(_) => Ok(Infix::Left(9, |_: &mut _, a, b| Ok(i64::from(a <= b)))),
                None => Ok(Infix::Left(9, |_: &mut _, a, b| Ok(i64::from(a < b)))),
            },
            '>' => |i: &mut &str| match opt("=").parse_next(i)? {
                Some(_) => Ok(Infix::Left(9, |_: &mut _, a, b| Ok(i64::from(a >= b)))),
                None => Ok(Infix::Left(9, |_: &mut _, a, b| Ok(i64::from(a > b)))),
            },
            '=' => "=".value(Infix::Left(8, |_: &mut _, a, b| Ok(i64::from(a == b)))),
            '!' => "=".value(Infix::Left(8, |_: &mut _, a, b| Ok(i64::from(a != b)))),
            '&' => |i: &mut &str| match opt("&").parse_next(i)? {
                Some(_) => Ok(Infix::Left(4, |_: &mut _, a, b| Ok(i64::from(a != 0 && b != 0)))),
                None => Ok(Infix::Left(7, |_: &mut _, a, b| Ok(a & b))),
            },
            '|' => |i: &mut &str| match opt("|").parse_next(i)? {
                Some(_) => Ok(Infix::Left(3, |_: &mut _, a, b| Ok(i64::from(a != 0 || b != 0)))),
                None => Ok(Infix::Left(5, |_: &mut _, a, b| Ok(a | b))),
            },
            _ => fail,
        })
        .parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_with_the_precedences_of_c() {
        let names = |name: &str| (name == "CONFIG_N").then_some(256);
        for (text, value) in [
            ("1", 1),
            ("0x1f", 31),
            ("12ul", 12),
            ("-1", -1),
            ("CONFIG_N - 1", 255),
            (" ( 1ul << (4) ) - 2 * 3", 10),
            ("CONFIG_N > 1 && !(2 >= 3) || 0", 1),
            ("1 + 1 == 2", 1),
            ("1 << 2 + 1", 8),
            ("0x0 | 0x1 | 6 & 12", 5),
            ("1 | 2 == 2 || 0", 1),
        ] {
            assert_eq!(evaluate(text, &names).expect(text), value, "{text}");
        }
        for text in ["", "UNKNOWN", "1 +", "(1", "a b", "1 ? 2 : 3", "f(x)"] {
            assert!(evaluate(text, &names).is_err(), "{text}");
        }
    }

    #[test]
    fn conditions_ask_the_settings() {
        let settings = Settings::parse(r#"{"A": true, "B": false, "NODES": "1"}"#).expect("JSON");
        for (text, value) in [
            ("defined(CONFIG_A)", true),
            ("defined CONFIG_A", true),
            ("defined( CONFIG_B )", false),
            ("!defined(CONFIG_C)", true),
            ("CONFIG_NODES > 1", false),
            ("CONFIG_UNKNOWN > 1", false),
            ("defined(CONFIG_A) && CONFIG_NODES == 1", true),
        ] {
            assert_eq!(condition(text, &settings).expect(text), value, "{text}");
        }
        assert!(condition("CONFIG_A &", &settings).is_err());
    }
}
