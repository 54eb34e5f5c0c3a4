//! The interface files, in whose form all generations agree but for conditions: an attribute with an expression of C
//! in 5.0.0, an element `<condition>` since 13.0.0.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use roxmltree::{Document, Node, ParsingOptions};

use super::condition;
use crate::header::Constants;
use crate::model::{Api, Kind, Method, Parameter, Struct, Syscall};
use crate::{Prefix, Settings, bitfield};

/// In the order in which labels are counted (kernel-config's prefix.rs tells where that order comes from).
const INTERFACES: [&str; 3] =
    ["interfaces/object-api.xml", "interfaces/object-api-sel4-arch.xml", "interfaces/object-api-arch.xml"];

/// What tells one generation's files from another's.
pub struct Files {
    /// Bitfield types.
    pub bitfields: &'static [&'static str],
    /// Headers with constants, in an order in which each builds on those before it only.
    pub headers: &'static [&'static str],
}

/// Capability types that are no interface of their own in the interface files.
const CAPS: [&str; 4] = ["seL4_CPtr", "seL4_CNode", "seL4_X64_PML4", "seL4_X86_IOSpace"];

/// Message registers in machine registers (`MESSAGE_REGISTERS_FOR_ARCH` of `tools/syscall_stub_gen.py`).
fn register_words(sel4_arch: &str) -> Option<usize> {
    match sel4_arch {
        "aarch32" | "aarch64" | "riscv64" | "x86_64" => Some(4),
        "ia32" => Some(2),
        _ => None,
    }
}

/// Reads the whole interface.
///
/// # Errors
///
/// Names the file, and what in it is not understood.
pub fn read(files: &mut Prefix, settings: &Settings, names: &Files) -> Result<Api> {
    let sel4_arch = settings.word("SEL4_ARCH").context("gen_config.json has no SEL4_ARCH")?;
    let register_words = register_words(sel4_arch).with_context(|| format!("{sel4_arch} is not known"))?;
    let word_bits = settings.number("WORD_SIZE").context("gen_config.json has no WORD_SIZE")?;

    let mut constants = Constants::new(settings);
    for name in names.headers {
        constants.read(&files.read(name)?).context(*name)?;
    }
    let mut bitfields = bitfield::File::default();
    for name in names.bitfields {
        bitfields.read(&files.read(name)?).context(*name)?;
    }
    let syscalls = syscalls(&files.read("api/syscall.xml")?, settings).context("api/syscall.xml")?;

    let texts = INTERFACES.map(|name| files.read(name));
    let mut documents = Vec::new();
    for (text, name) in texts.iter().zip(INTERFACES) {
        let text = text.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        documents.push(document(text).context(name)?);
    }
    let mut types =
        Types { settings, kinds: HashMap::new(), structs: Vec::new(), word_bits: word_bits as usize };
    types.declare(&documents, &bitfields);
    let methods = types.methods(&documents)?;
    Ok(Api {
        version: String::new(),
        syscalls,
        methods,
        structs: types.structs,
        bitfields,
        constants: constants.list,
        word_bits: types.word_bits,
        register_words,
    })
}

fn document(text: &str) -> Result<Document<'_>> {
    Ok(Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() })?)
}

/// System calls count down from -1; one whose condition does not hold keeps its number
/// (`tools/syscall_header_gen.py`). Those of `<api-mcs>` are of another interface, and count for themselves.
fn syscalls(text: &str, settings: &Settings) -> Result<Vec<Syscall>> {
    let document = document(text)?;
    let mut syscalls = Vec::new();
    let mcs = |node: &Node| node.ancestors().any(|node| node.has_tag_name("api-mcs"));
    let lists = |node: &Node| {
        node.has_tag_name("config") && node.children().any(|child| child.has_tag_name("syscall"))
    };
    for config in document.descendants().filter(|node| lists(node) && !mcs(node)) {
        let condition = condition::of(config, settings)?;
        let present = condition.unwrap_or(true);
        for node in config.children().filter(|node| node.has_tag_name("syscall")) {
            let number = -1 - syscalls.len() as i64;
            let name = attribute(node, "name")?.to_string();
            syscalls.push(Syscall { name, number, conditional: condition.is_some(), present });
        }
    }
    Ok(syscalls)
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str> {
    node.attribute(name).with_context(|| format!("<{}> without {name}", node.tag_name().name()))
}

struct Types<'a> {
    settings: &'a Settings,
    kinds: HashMap<String, Kind>,
    structs: Vec<Struct>,
    word_bits: usize,
}

impl Types<'_> {
    /// Learns every type name that a method may use.
    fn declare(&mut self, documents: &[Document], bitfields: &bitfield::File) {
        let mut kinds: HashMap<String, Kind> = [
            ("seL4_Word", Kind::Unsigned(self.word_bits)),
            ("seL4_Uint64", Kind::Unsigned(64)),
            ("seL4_Time", Kind::Unsigned(64)),
            ("seL4_Uint32", Kind::Unsigned(32)),
            ("seL4_Uint16", Kind::Unsigned(16)),
            ("seL4_Uint8", Kind::Unsigned(8)),
            ("seL4_Bool", Kind::Bool),
            ("int", Kind::Int),
            ("seL4_X86_VMAttributes", Kind::Unsigned(self.word_bits)),
            ("seL4_ARM_VMAttributes", Kind::Unsigned(self.word_bits)),
            ("seL4_RISCV_VMAttributes", Kind::Unsigned(self.word_bits)),
            ("seL4_VCPUReg", Kind::Unsigned(self.word_bits)),
        ]
        .map(|(name, kind)| (name.to_string(), kind))
        .into();
        kinds.extend(CAPS.map(|name| (name.to_string(), Kind::Cap)));
        for node in documents.iter().flat_map(Document::descendants) {
            let name = node.attribute("name").unwrap_or_default().to_string();
            if node.has_tag_name("interface") {
                kinds.insert(name, Kind::Cap);
            } else if node.has_tag_name("struct") {
                let members = node.children().filter_map(|node| node.attribute("name"));
                let members: Vec<_> = members.map(str::to_string).collect();
                kinds.insert(name.clone(), Kind::Struct(name.clone(), members.len()));
                self.structs.push(Struct { name, members });
            }
        }
        let blocks = bitfields.blocks.iter().filter(|block| block.words == 1).map(|block| &block.name);
        let unions = bitfields.unions.iter().map(|union| &union.name);
        kinds.extend(blocks.chain(unions).map(|name| (format!("{name}_t"), Kind::Bitfield(name.clone()))));
        self.kinds = kinds;
    }

    fn methods(&self, documents: &[Document]) -> Result<Vec<Method>> {
        let mut methods = Vec::new();
        for node in
            documents.iter().flat_map(Document::descendants).filter(|node| node.has_tag_name("method"))
        {
            let id = attribute(node, "id")?;
            let condition = condition::of(node, self.settings).with_context(|| id.to_string())?;
            if condition.unwrap_or(true) {
                let label = methods.len() as u64 + 1;
                methods.push(self.method(node, id, label).with_context(|| id.to_string())?);
            }
        }
        Ok(methods)
    }

    fn method(&self, node: Node, id: &str, label: u64) -> Result<Method> {
        let interface = node.parent().context("a method outside an interface")?;
        let brief = node.children().find(|node| node.has_tag_name("brief"));
        let brief = brief.and_then(|node| node.text()).map(one_line).filter(|text| !text.is_empty());
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for node in node.children().filter(|node| node.has_tag_name("param")) {
            let name = attribute(node, "name")?.to_string();
            let type_name = attribute(node, "type")?;
            let kind =
                self.kinds.get(type_name).with_context(|| format!("{name}: unknown type {type_name}"))?;
            let list = match (attribute(node, "dir")?, kind) {
                ("in", _) => &mut inputs,
                ("out", Kind::Cap) => bail!("{name}: a capability can't come out of an invocation"),
                ("out", _) => &mut outputs,
                (other, _) => bail!("{name}: unknown direction {other}"),
            };
            list.push(Parameter { name, kind: kind.clone() });
        }
        let (interface, name) =
            (attribute(interface, "name")?.to_string(), attribute(node, "name")?.to_string());
        Ok(Method { interface, name, id: id.to_string(), label, brief, inputs, outputs })
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
