//! CO-RE relocations out of `.BTF.ext` (Linux `Documentation/bpf/llvm_reloc.rst`): places in the code that depend on how a
//! type of the running kernel is laid out. There is no such kernel. What clang wrote there already is right for the
//! layout that the program was compiled with, so it stands for types whose layout is fixed: contexts of programs and
//! headers of packets. A program that looks into anything else is refused.
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use bpf_runtime::hook::HOOKS;

use super::{
    btf::{Btf, has_magic, part, records, word},
    file::File,
    link::Linked,
};

/// Bytes of `struct bpf_core_relo`.
const RECORD_BYTES: usize = 16;
/// Bytes of the header of `.BTF.ext` that has a part for these relocations.
const HEADER_BYTES: u32 = 32;
/// `BPF_CORE_TYPE_ID_LOCAL`: a number that means the program's own types.
const TYPE_ID_LOCAL: u32 = 6;
/// Headers of packets, laid out by their protocols.
const HEADERS: [&str; 14] = [
    "arphdr",
    "ethhdr",
    "icmp6hdr",
    "icmphdr",
    "in6_addr",
    "iphdr",
    "ipv6_opt_hdr",
    "ipv6hdr",
    "mpls_label",
    "sctphdr",
    "tcphdr",
    "udphdr",
    "vlan_ethhdr",
    "vlan_hdr",
];
/// Contexts that Linux names otherwise than the hook.
const CONTEXTS: [&str; 2] = ["xdp_md", "__sk_buff"];

/// The types that the code of an object looks into and that are not known, by section name and offset in the section.
#[derive(Debug, Default)]
pub struct Core {
    unknown: BTreeMap<(String, u32), String>,
}

impl Core {
    /// Reads `.BTF.ext`; nothing if there is none.
    pub fn read(file: &File<'_>) -> Result<Self> {
        let sections = file.section_by_name(".BTF").zip(file.section_by_name(".BTF.ext"));
        let Some(((_, btf), (_, ext))) = sections else { return Ok(Self::default()) };
        let btf = Btf::read(btf.data)?;
        let mut core = Self::default();
        if !has_magic(ext.data) || word(ext.data, 4).is_none_or(|header| header < HEADER_BYTES) {
            return Ok(core);
        }
        let damaged = ".BTF.ext: relocations are truncated or damaged";
        let info = part(ext.data, 24, 28).context(damaged)?;
        for (section, record) in records(info, RECORD_BYTES).context(damaged)? {
            let (offset, type_id) = word(record, 0).zip(word(record, 4)).context(damaged)?;
            let name = btf.name(type_id)?;
            if word(record, 12) != Some(TYPE_ID_LOCAL) && !is_known(name) {
                core.unknown.insert((btf.strings().get(section)?.to_owned(), offset), name.to_owned());
            }
        }
        Ok(core)
    }

    /// Refuses a program with a relocation that can't be resolved.
    pub fn check(&self, file: &File<'_>, linked: &Linked) -> Result<()> {
        for (_, function) in &linked.functions {
            let section = &file.section(function.section)?.name;
            let key = |offset: u64| (section.clone(), offset as u32);
            if let Some(((_, offset), name)) =
                self.unknown.range(key(function.start)..key(function.end)).next()
            {
                bail!(
                    "section {section}, offset {offset:#x}: CO-RE relocation of {name}: there is no kernel that has this \
                     type; known are contexts of hooks and headers of packets"
                );
            }
        }
        Ok(())
    }
}

fn is_known(name: &str) -> bool {
    let ours = HOOKS.iter().any(|hook| name.strip_prefix("hypos_") == Some(hook.name));
    ours || CONTEXTS.contains(&name) || HEADERS.contains(&name)
}
