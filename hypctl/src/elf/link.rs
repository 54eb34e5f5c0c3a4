//! Linking: a program and the functions that it calls become one piece of code.
//!
//! As in libbpf the program comes first and each function once behind it. The relocations are those of the
//! BPF backend of LLVM (`BPFELFObjectWriter.cpp`, Linux `Documentation/bpf/llvm_reloc.rst`).

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use bpf_runtime::{
    bundle::MAX_INSNS,
    isa::{Insn, opcode},
};
use object::SymbolKind;

use super::{
    data::is_data,
    file::{File, Function, Relocation, Section, Symbol},
    maps::Maps,
};

/// `R_BPF_64_64`: the immediate of an LDDW.
const R_BPF_64_64: u32 = 1;
/// `R_BPF_64_32`: the distance of a call.
const R_BPF_64_32: u32 = 10;
/// `src` of a call to a function of the program, `BPF_PSEUDO_CALL`.
const LOCAL_CALL: u8 = 1;

/// A linked program.
#[derive(Debug)]
pub struct Linked {
    /// Its code.
    pub code: Vec<Insn>,
    /// The functions in it: where each begins in the code, section by section.
    pub functions: Vec<(usize, Function)>,
}

/// Links one program.
pub struct Linker<'f, 'a> {
    file: &'f File<'a>,
    maps: &'f mut Maps,
    code: Vec<Insn>,
    functions: Vec<(usize, Function)>,
    /// Calls and addresses of functions to be resolved: index of the instruction, section and offset of the function.
    calls: Vec<(usize, usize, u64)>,
}

impl<'f, 'a> Linker<'f, 'a> {
    /// A linker of an object's programs; data sections that the code uses are added to `maps`.
    pub fn new(file: &'f File<'a>, maps: &'f mut Maps) -> Self {
        Self { file, maps, code: Vec::new(), functions: Vec::new(), calls: Vec::new() }
    }

    /// Links `program` and what it calls.
    pub fn link(mut self, program: &Function) -> Result<Linked> {
        let mut starts = BTreeMap::new();
        let mut waiting = vec![program.clone()];
        while let Some(function) = waiting.pop() {
            let key = (function.section, function.start);
            if starts.contains_key(&key) {
                continue;
            }
            starts.insert(key, self.code.len());
            let first_call = self.calls.len();
            self.append(&function)?;
            for (at, section, start) in &self.calls[first_call..] {
                let callee = self.file.function_at(*section, *start).with_context(|| {
                    format!("program {}, instruction {at}: calls into the middle of a function", program.name)
                })?;
                waiting.push(callee.clone());
            }
        }
        for (at, section, start) in &self.calls {
            let target = starts.get(&(*section, *start)).context("a function was not linked")?;
            // At most MAX_INSNS away.
            self.code[*at].imm = *target as i32 - *at as i32 - 1;
        }
        Ok(Linked { code: self.code, functions: self.functions })
    }

    /// Appends the code of one function, its references to maps resolved.
    fn append(&mut self, function: &Function) -> Result<()> {
        let section = self.file.section(function.section)?;
        let bytes = section.data.get(function.start as usize..function.end as usize);
        let (slots, _) = bytes.context("ELF file is damaged: function outside of its section")?.as_chunks();
        if self.code.len() + slots.len() > MAX_INSNS {
            bail!("program too large: more than {MAX_INSNS} instructions with {}", function.name);
        }
        self.functions.push((self.code.len(), function.clone()));
        let base = self.code.len();
        self.code.extend(slots.iter().map(|slot| Insn::from_bytes(*slot)));
        let mut at = base;
        while at < self.code.len() {
            let offset = function.start + 8 * (at - base) as u64;
            let place = || format!("section {}, offset {offset:#x}", section.name);
            let relocation = section.relocations.get(&offset).copied();
            if self.code[at].is_lddw() {
                self.load(at, relocation).with_context(place)?;
                at += 2;
            } else {
                self.call(at, section, function.section, offset, relocation).with_context(place)?;
                at += 1;
            }
        }
        Ok(())
    }

    /// Resolves the LDDW at `at`.
    fn load(&mut self, at: usize, relocation: Option<Relocation>) -> Result<()> {
        let Some([first, second]) = self.code.get_mut(at..at + 2).and_then(<[Insn]>::as_mut_array) else {
            bail!("cut immediate load at the end of the function");
        };
        let Some(relocation) = relocation else {
            if first.src != opcode::LDDW_NUMBER {
                bail!("immediate load of kind {} without a relocation", first.src);
            }
            return Ok(());
        };
        let symbol = self.file.symbol(relocation.symbol)?;
        check_kind(relocation, R_BPF_64_64, symbol)?;
        let index = symbol.section.with_context(|| undefined(symbol))?;
        let section = self.file.section(index)?;
        let address = symbol.address.checked_add_signed(first.imm.into());
        let address = address.filter(|address| *address <= section.size);
        let address =
            address.with_context(|| format!("{}{:+} lies outside of its section", symbol.name, first.imm))?;
        if is_data(&section.name) {
            *second = Insn { imm: address as i32, ..*second };
            *first = Insn {
                src: opcode::LDDW_MAP_VALUE,
                imm: self.maps.of_section(self.file, index)? as i32,
                ..*first
            };
        } else if let Some(map) = self.maps.of_variable(index, address)? {
            *first = Insn { src: opcode::LDDW_MAP, imm: map as i32, ..*first };
            second.imm = 0;
        } else if section.code {
            *first = Insn { src: opcode::LDDW_CODE, ..*first };
            second.imm = 0;
            self.calls.push((at, index, address));
        } else {
            bail!("refers to {} in section {}, which is neither a map nor data", symbol.name, section.name);
        }
        Ok(())
    }

    /// Notes the call at `at`, if it is one of a function of the object.
    fn call(
        &mut self,
        at: usize,
        section: &Section<'_>,
        index: usize,
        offset: u64,
        relocation: Option<Relocation>,
    ) -> Result<()> {
        let insn = &mut self.code[at];
        let call = insn.op == opcode::CALL;
        // The immediate counts instructions from the next one on; with a relocation it counts from the symbol.
        let distance = 8 * (i64::from(insn.imm) + 1);
        let (target, base) = match relocation {
            None if call && insn.src == LOCAL_CALL => (index, offset),
            None => return Ok(()),
            Some(relocation) => {
                let symbol = self.file.symbol(relocation.symbol)?;
                check_kind(relocation, R_BPF_64_32, symbol)?;
                if !call {
                    bail!("relocation type {R_BPF_64_32} against {} on no call", symbol.name);
                }
                insn.src = LOCAL_CALL;
                (symbol.section.with_context(|| undefined(symbol))?, symbol.address)
            }
        };
        let start = base.checked_add_signed(distance);
        let start = start.with_context(|| format!("calls outside of section {}", section.name))?;
        self.calls.push((at, target, start));
        Ok(())
    }
}

fn check_kind(relocation: Relocation, known: u32, symbol: &Symbol) -> Result<()> {
    if relocation.kind == known {
        return Ok(());
    }
    let what = if symbol.kind == SymbolKind::Section { "section" } else { "symbol" };
    bail!("unknown relocation type {} against {what} {}", relocation.kind, symbol.name)
}

fn undefined(symbol: &Symbol) -> String {
    format!("undefined symbol {}: define it in this object, or make it static inline", symbol.name)
}
