//! The maps of an object: those declared in `.maps`, and those that its global variables become.

use anyhow::{Context, Result, anyhow, bail};
use bpf_runtime::{
    bundle::{MAX_MAPS, MapContents},
    map::{CPUS, MapKind, MapSpec},
};
use object::SymbolKind;

use super::{
    btf::{Btf, Member, word},
    check_name,
    data::data_map,
    file::File,
};

/// Where in the object a map comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The variable at this offset of `.maps`.
    Variable { section: usize, address: u64 },
    /// This section.
    Section(usize),
}

/// The maps found so far; code refers to them by index.
#[derive(Debug)]
pub struct Maps {
    made: Vec<(Origin, MapContents)>,
    /// Declared ones that no code refers to yet, of an object with more of them than a bundle holds.
    waiting: Vec<(Origin, MapContents)>,
    /// Declared ones that can't be made, and why: programs that use them are refused.
    refused: Vec<(Origin, String)>,
}

impl Maps {
    /// The maps that the object declares.
    pub fn declared(file: &File<'_>) -> Result<Self> {
        let mut maps = Self { made: Vec::new(), waiting: Vec::new(), refused: Vec::new() };
        maps.legacy(file)?;
        maps.modern(file)?;
        if maps.waiting.len() <= MAX_MAPS {
            maps.made = std::mem::take(&mut maps.waiting);
        }
        Ok(maps)
    }

    /// The maps of `.maps`.
    fn modern(&mut self, file: &File<'_>) -> Result<()> {
        let Some((section, _)) = file.section_by_name(".maps") else { return Ok(()) };
        let (_, types) =
            file.section_by_name(".BTF").context("section .maps without .BTF: compile with -g")?;
        let btf = Btf::read(types.data)?;
        for (name, type_id) in btf.variables(".maps")? {
            let symbol = file.symbols_in(section).find(|s| s.name == name);
            let address = symbol.with_context(|| format!("map {name}: no symbol of that name"))?.address;
            self.declare(Origin::Variable { section, address }, name, declared_spec(&btf, type_id));
        }
        Ok(())
    }

    /// The maps of a section of `struct bpf_map_def`, which libbpf took before its version 1.0: type, key size, value size,
    /// entries and flags, and whatever loaders of their own put behind them.
    fn legacy(&mut self, file: &File<'_>) -> Result<()> {
        let Some((section, contents)) = file.section_by_name("maps") else { return Ok(()) };
        for symbol in file.symbols_in(section).filter(|symbol| symbol.kind != SymbolKind::Section) {
            let def = contents.data.get(symbol.address as usize..).unwrap_or_default();
            let spec = [0, 4, 8, 12, 16].map(|at| word(def, at));
            let [Some(kind), Some(key_size), Some(value_size), Some(max_entries), Some(flags)] = spec else {
                bail!("map {}: its struct bpf_map_def is cut", symbol.name);
            };
            let declared = Declared { kind: Some(kind), key_size, value_size, max_entries, flags };
            let origin = Origin::Variable { section, address: symbol.address };
            self.declare(origin, &symbol.name, declared.spec());
        }
        Ok(())
    }

    /// Adds a map, or takes note of why it can't be made.
    fn declare(&mut self, origin: Origin, name: &str, spec: Result<MapSpec>) {
        let contents = |spec| MapContents { name: name.into(), spec, initial: Vec::new() };
        match spec.with_context(|| format!("map {name}")).and_then(|spec| self.check(contents(spec))) {
            Ok(map) => self.waiting.push((origin, map)),
            Err(why) => self.refused.push((origin, format!("{why:#}"))),
        }
    }

    /// The index of the map that is the variable at `address` of section `section`, if there is one.
    ///
    /// # Errors
    /// It can't be made.
    pub fn of_variable(&mut self, section: usize, address: u64) -> Result<Option<usize>> {
        let origin = Origin::Variable { section, address };
        match self.refused.iter().find(|(refused, _)| *refused == origin) {
            Some((_, why)) => bail!("{why}"),
            None => match self.waiting.iter().position(|(waiting, _)| *waiting == origin) {
                Some(at) => {
                    let (_, map) = self.waiting.remove(at);
                    self.add(origin, map).map(Some)
                }
                None => Ok(self.index(origin)),
            },
        }
    }

    /// Why a declared map can't be made, if one can't.
    pub fn refused(&self) -> Option<String> {
        let waits = self.waiting.first().map(|(_, map)| too_many(&map.name));
        self.refused.first().map(|(_, why)| why.clone()).or(waits)
    }

    /// The index of the array map of a section of global variables, made at its first use.
    pub fn of_section(&mut self, file: &File<'_>, section: usize) -> Result<usize> {
        let origin = Origin::Section(section);
        if let Some(index) = self.index(origin) {
            return Ok(index);
        }
        let map = self.check(data_map(section, file.section(section)?)?)?;
        self.add(origin, map)
    }

    /// The maps in the order of their indices.
    pub fn into_contents(self) -> Vec<MapContents> {
        self.made.into_iter().map(|(_, map)| map).collect()
    }

    fn index(&self, origin: Origin) -> Option<usize> {
        self.made.iter().position(|(o, _)| *o == origin)
    }

    fn check(&self, map: MapContents) -> Result<MapContents> {
        let name = &map.name;
        check_name("map", name)?;
        map.spec.check().map_err(|e| anyhow!("map {name}: {e}"))?;
        if self.made.iter().chain(&self.waiting).any(|(_, other)| other.name == *name) {
            bail!("map {name}: another has this name");
        }
        Ok(map)
    }

    fn add(&mut self, origin: Origin, map: MapContents) -> Result<usize> {
        if self.made.len() == MAX_MAPS {
            bail!("{}", too_many(&map.name));
        }
        self.made.push((origin, map));
        Ok(self.made.len() - 1)
    }
}

fn too_many(name: &str) -> String {
    format!("map {name}: an object has {MAX_MAPS} maps at most, global variables included")
}

/// What the members of a map's structure say, in numbers.
#[derive(Default)]
struct Declared {
    kind: Option<u32>,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
}

fn declared_spec(btf: &Btf<'_>, type_id: u32) -> Result<MapSpec> {
    let mut declared = Declared::default();
    for member in btf.members(type_id)? {
        declared.read(btf, &member).with_context(|| format!("member {}", member.name))?;
    }
    declared.spec()
}

/// Linux's names of the kinds that are none here (`enum bpf_map_type`).
fn linux_name(number: u32) -> Option<&'static str> {
    Some(match number {
        7 => "stack_trace",
        8 => "cgroup_array",
        12 => "array_of_maps",
        13 => "hash_of_maps",
        15 => "sockmap",
        18 => "sockhash",
        19 => "cgroup_storage",
        20 => "reuseport_sockarray",
        21 => "percpu_cgroup_storage",
        22 => "queue",
        23 => "stack",
        24 => "sk_storage",
        26 => "struct_ops",
        28 => "inode_storage",
        29 => "task_storage",
        30 => "bloom_filter",
        31 => "user_ringbuf",
        32 => "cgrp_storage",
        33 => "arena",
        _ => return None,
    })
}

/// A number, or another where it was left out.
fn or(number: u32, default: u32) -> u32 {
    if number == 0 { default } else { number }
}

impl Declared {
    fn spec(&self) -> Result<MapSpec> {
        let number = self.kind.context("no __uint(type, BPF_MAP_TYPE_...)")?;
        let kind = MapKind::from_number(number).with_context(|| {
            let known: Vec<_> =
                MapKind::ALL.iter().map(|kind| format!("{} {}", *kind as u32, kind.name())).collect();
            let name = linux_name(number).map(|name| format!(" ({name})")).unwrap_or_default();
            format!("unknown map kind {number}{name}: known are {}", known.join(", "))
        })?;
        let Self { mut key_size, mut value_size, mut max_entries, flags, .. } = *self;
        // As libbpf: what is left out is a __u32, and one entry for each CPU.
        if matches!(kind, MapKind::PerfEventArray | MapKind::ProgArray) {
            (key_size, value_size) = (or(key_size, 4), or(value_size, 4));
        }
        if kind == MapKind::PerfEventArray {
            max_entries = or(max_entries, CPUS);
        }
        Ok(MapSpec { kind, key_size, value_size, max_entries, flags })
    }

    fn read(&mut self, btf: &Btf<'_>, member: &Member<'_>) -> Result<()> {
        let Member { name, type_id } = *member;
        match name {
            "type" => self.kind = Some(btf.uint(type_id)?),
            "key_size" => self.key_size = btf.uint(type_id)?,
            "value_size" => self.value_size = btf.uint(type_id)?,
            "key" => self.key_size = btf.size(btf.pointee(type_id)?)?,
            "value" => self.value_size = btf.size(btf.pointee(type_id)?)?,
            "max_entries" => self.max_entries = btf.uint(type_id)?,
            "map_flags" => self.flags = btf.uint(type_id)?,
            // Where it would be pinned in a file system, and on which NUMA node it would lie: there is neither.
            // What a program array holds at first is put in by `map set`; a map of maps is refused by its kind.
            "pinning" | "numa_node" | "values" => {}
            _ => bail!(
                "not supported: known are type, key, value, key_size, value_size, max_entries, map_flags"
            ),
        }
        Ok(())
    }
}
