//! Invocations: methods of `seL4_IPCBuffer`, which marshal as `libsel4/tools/syscall_stub_gen.py` does.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::identifier;
use crate::model::{Api, Kind, Method, Parameter};

/// What a message can carry (`seL4_MsgMaxExtraCaps`, `seL4_MsgMaxLength`).
const MAX_CAPS: usize = 3;
const MAX_WORDS: usize = 120;

/// Where a parameter lies in a message: first word, lowest bit in it, bits.
struct Place {
    word: usize,
    shift: usize,
    bits: usize,
}

pub(super) fn write(out: &mut String, api: &Api) -> Result<()> {
    for method in &api.methods {
        result_type(out, method)?;
    }
    writeln!(out, "impl seL4_IPCBuffer {{")?;
    for method in &api.methods {
        invocation(out, api, method)?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

/// The result's type: of what comes out in words, beside the error.
fn result_type(out: &mut String, method: &Method) -> Result<()> {
    let words = in_words(method);
    if words.is_empty() {
        return Ok(());
    }
    let name = function(method);
    writeln!(
        out,
        "/// What [`seL4_IPCBuffer::{name}`] returns.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]"
    )?;
    writeln!(out, "pub struct {name} {{\n    /// Zero, or what went wrong; then nothing else counts.")?;
    writeln!(out, "    pub error: seL4_Error,")?;
    for output in words {
        writeln!(
            out,
            "    /// `{0}`.\n    pub {0}: {1},",
            identifier(&output.name),
            rust_type(&output.kind)
        )?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn invocation(out: &mut String, api: &Api, method: &Method) -> Result<()> {
    let name = function(method);
    let caps: Vec<_> = method.inputs.iter().filter(|input| input.kind == Kind::Cap).collect();
    let (places, length) = places(&method.inputs, api.word_bits);
    if caps.len() > MAX_CAPS || length > MAX_WORDS {
        bail!("{name}: more than a message can carry");
    }
    let brief =
        method.brief.as_deref().unwrap_or("An invocation without a description in the interface file");
    writeln!(out, "    /// {} (label {}).", brief.trim_end_matches('.'), method.label)?;
    writeln!(
        out,
        "    #[inline]\n    pub fn {name}(&mut self, service: seL4_CPtr{}) -> {} {{",
        arguments(method),
        { if in_words(method).is_empty() { "seL4_Error" } else { &name } }
    )?;
    for (index, cap) in caps.iter().enumerate() {
        writeln!(out, "        self.caps_or_badges[{index}] = {};", identifier(&cap.name))?;
    }
    let mut words = vec![Vec::new(); length];
    for (input, place) in &places {
        for (index, text) in marshal(input, place).into_iter().enumerate() {
            words[place.word + index].push(text);
        }
    }
    let words: Vec<String> = words.into_iter().map(|terms| terms.join(" | ")).collect();
    for (index, word) in words.iter().enumerate().skip(api.register_words) {
        writeln!(out, "        self.msg[{index}] = {word};")?;
    }
    let registers: Vec<_> =
        (0..api.register_words).map(|index| words.get(index).map_or("0", String::as_str)).collect();
    let registers = registers.join(", ");
    let label = format!("invocation_label::{}", method.id);
    let (error, results) = if method.outputs.is_empty() { ("error", "_") } else { ("error", "registers") };
    writeln!(
        out,
        "        let ({error}, {results}) = self.invoke(service, {label}, {}, {length}, [{registers}]);",
        caps.len()
    )?;
    results_of(out, api, method)?;
    writeln!(out, "    }}")?;
    Ok(())
}

/// Takes the outputs out of the answer and returns.
fn results_of(out: &mut String, api: &Api, method: &Method) -> Result<()> {
    let word = |index: usize| match index {
        index if index < api.register_words => format!("registers[{index}]"),
        index => format!("self.msg[{index}]"),
    };
    let mut fields = String::new();
    for (output, place) in places(&method.outputs, api.word_bits).0 {
        let name = identifier(&output.name);
        if let Kind::Struct(structure, _) = &output.kind {
            writeln!(out, "        if error == seL4_NoError {{\n            *{name} = {structure} {{")?;
            let members =
                api.structs.iter().filter(|known| &known.name == structure).flat_map(|s| &s.members);
            for (index, member) in members.enumerate() {
                writeln!(out, "                {member}: {},", word(place.word + index))?;
            }
            writeln!(out, "            }};\n        }}")?;
            continue;
        }
        let shifted = match place.shift {
            0 => word(place.word),
            shift => format!("({} >> {shift})", word(place.word)),
        };
        let value = match &output.kind {
            Kind::Bool => format!("{shifted} & 1 != 0"),
            Kind::Unsigned(bits) if *bits == api.word_bits => shifted,
            Kind::Bitfield(name) => format!("{name}([{shifted}])"),
            kind => format!("{shifted} as {}", rust_type(kind)),
        };
        write!(fields, ", {name}: {value}")?;
    }
    if fields.is_empty() {
        writeln!(out, "        error")?;
    } else {
        writeln!(out, "        {} {{ error{fields} }}", function(method))?;
    }
    Ok(())
}

/// Outputs that are returned; structures go through a reference.
fn in_words(method: &Method) -> Vec<&Parameter> {
    method.outputs.iter().filter(|output| !matches!(output.kind, Kind::Struct(..))).collect()
}

fn function(method: &Method) -> String {
    format!("{}_{}", method.interface, method.name)
}

/// The arguments after the invoked capability; structures go through references.
fn arguments(method: &Method) -> String {
    let argument = |parameter: &Parameter, reference: &str| {
        let reference = if matches!(parameter.kind, Kind::Struct(..)) { reference } else { "" };
        format!(", {}: {reference}{}", identifier(&parameter.name), rust_type(&parameter.kind))
    };
    let inputs = method.inputs.iter().map(|input| argument(input, "&"));
    let structures = method.outputs.iter().filter(|output| matches!(output.kind, Kind::Struct(..)));
    inputs.chain(structures.map(|output| argument(output, "&mut "))).collect()
}

fn rust_type(kind: &Kind) -> String {
    match kind {
        Kind::Cap => "seL4_CPtr".into(),
        Kind::Bool => "bool".into(),
        Kind::Unsigned(bits) => format!("u{bits}"),
        Kind::Int => "i32".into(),
        Kind::Bitfield(name) | Kind::Struct(name, _) => name.clone(),
    }
}

/// Places parameters one after another, each aligned to its own size or to a word, and counts the words.
fn places(parameters: &[Parameter], word_bits: usize) -> (Vec<(&Parameter, Place)>, usize) {
    let mut used = 0_usize;
    let mut placed = Vec::new();
    for parameter in parameters {
        let Some(bits) = parameter.kind.bits(word_bits) else { continue };
        used = used.next_multiple_of(bits.min(word_bits));
        placed.push((parameter, Place { word: used / word_bits, shift: used % word_bits, bits }));
        used += bits;
    }
    (placed, used.div_ceil(word_bits))
}

/// The expressions of the words that an input takes.
fn marshal(input: &Parameter, place: &Place) -> Vec<String> {
    let name = identifier(&input.name);
    let word = match &input.kind {
        Kind::Struct(_, words) => {
            return (0..*words).map(|index| format!("{name}.words()[{index}]")).collect();
        }
        Kind::Bitfield(_) => format!("{name}.0[0]"),
        Kind::Int => format!("(seL4_Word::from({name}.cast_unsigned()))"),
        _ if place.bits < 64 => format!("seL4_Word::from({name})"),
        _ => name,
    };
    vec![if place.shift == 0 { word } else { format!("({word} << {})", place.shift) }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, kind: Kind) -> Parameter {
        Parameter { name: name.into(), kind }
    }

    #[test]
    fn small_parameters_share_a_word() {
        // TCB_WriteRegisters: resume_target, arch_flags, count, regs.
        let inputs = [
            parameter("resume_target", Kind::Bool),
            parameter("arch_flags", Kind::Unsigned(8)),
            parameter("count", Kind::Unsigned(64)),
            parameter("root", Kind::Cap),
            parameter("regs", Kind::Struct("seL4_UserContext".into(), 19)),
        ];
        let (placed, length) = places(&inputs, 64);
        let at: Vec<_> = placed.iter().map(|(_, place)| (place.word, place.shift)).collect();
        assert_eq!((at.as_slice(), length), ([(0, 0), (0, 8), (1, 0), (2, 0)].as_slice(), 21));
        assert_eq!(marshal(&inputs[1], &placed[1].1), ["(seL4_Word::from(arch_flags) << 8)"]);
    }

    #[test]
    fn a_message_that_is_too_long_is_refused() {
        let api = Api {
            version: String::new(),
            syscalls: Vec::new(),
            methods: vec![Method {
                interface: "seL4_X".into(),
                name: "Y".into(),
                id: "XY".into(),
                label: 1,
                brief: None,
                inputs: vec![parameter("regs", Kind::Struct("S".into(), 121))],
                outputs: Vec::new(),
            }],
            structs: Vec::new(),
            bitfields: crate::bitfield::File::default(),
            constants: Vec::new(),
            word_bits: 64,
            register_words: 4,
        };
        assert!(write(&mut String::new(), &api).is_err());
    }
}
