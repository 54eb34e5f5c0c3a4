//! The maps of an object: those declared in `.maps`, and those that its global variables become.

use anyhow::{Context, Result, anyhow, bail};
use bpf_runtime::{
    bundle::{MAX_MAPS, MapContents},
    map::{CPUS, MapKind, MapSpec},
};

use super::{
    btf::{Btf, Member},
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
    maps: Vec<(Origin, MapContents)>,
}

impl Maps {
    /// The maps that the object declares.
    pub fn declared(file: &File<'_>) -> Result<Self> {
        let mut maps = Self { maps: Vec::new() };
        if file.section_by_name("maps").is_some() {
            bail!(
                "section maps: legacy struct bpf_map_def is not read: declare the map in SEC(\".maps\") \
                 with __uint and __type"
            );
        }
        let Some((section, _)) = file.section_by_name(".maps") else { return Ok(maps) };
        let (_, types) =
            file.section_by_name(".BTF").context("section .maps without .BTF: compile with -g")?;
        let btf = Btf::read(types.data)?;
        for (name, type_id) in btf.variables(".maps")? {
            let symbol = file.symbols_in(section).find(|s| s.name == name);
            let address = symbol.with_context(|| format!("map {name}: no symbol of that name"))?.address;
            let spec = declared_spec(&btf, type_id).with_context(|| format!("map {name}"))?;
            maps.add(
                Origin::Variable { section, address },
                MapContents { name: name.into(), spec, initial: Vec::new() },
            )?;
        }
        Ok(maps)
    }

    /// The index of the map that is the variable at `address` of section `section`.
    pub fn of_variable(&self, section: usize, address: u64) -> Option<usize> {
        self.index(Origin::Variable { section, address })
    }

    /// The index of the array map of a section of global variables, made at its first use.
    pub fn of_section(&mut self, file: &File<'_>, section: usize) -> Result<usize> {
        let origin = Origin::Section(section);
        if let Some(index) = self.index(origin) {
            return Ok(index);
        }
        self.add(origin, data_map(section, file.section(section)?)?)
    }

    /// The maps in the order of their indices.
    pub fn into_contents(self) -> Vec<MapContents> {
        self.maps.into_iter().map(|(_, map)| map).collect()
    }

    fn index(&self, origin: Origin) -> Option<usize> {
        self.maps.iter().position(|(o, _)| *o == origin)
    }

    fn add(&mut self, origin: Origin, map: MapContents) -> Result<usize> {
        let name = &map.name;
        check_name("map", name)?;
        map.spec.check().map_err(|e| anyhow!("map {name}: {e}"))?;
        if self.maps.iter().any(|(_, other)| other.name == *name) {
            bail!("map {name}: another has this name");
        }
        if self.maps.len() == MAX_MAPS {
            bail!("map {name}: an object has {MAX_MAPS} maps at most, global variables included");
        }
        self.maps.push((origin, map));
        Ok(self.maps.len() - 1)
    }
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
    let number = declared.kind.context("no __uint(type, BPF_MAP_TYPE_...)")?;
    let kind = MapKind::from_number(number).with_context(|| {
        let known: Vec<_> =
            MapKind::ALL.iter().map(|kind| format!("{} {}", *kind as u32, kind.name())).collect();
        format!("unknown map kind {number}: known are {}", known.join(", "))
    })?;
    let Declared { mut key_size, mut value_size, mut max_entries, flags, .. } = declared;
    if kind == MapKind::PerfEventArray {
        // As libbpf: what is left out is a __u32, and one entry for each CPU.
        (key_size, value_size) = (or(key_size, 4), or(value_size, 4));
        max_entries = or(max_entries, CPUS);
    }
    Ok(MapSpec { kind, key_size, value_size, max_entries, flags })
}

/// A number, or another where it was left out.
fn or(number: u32, default: u32) -> u32 {
    if number == 0 { default } else { number }
}

impl Declared {
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
            "pinning" | "numa_node" => {}
            _ => bail!(
                "not supported: known are type, key, value, key_size, value_size, max_entries, map_flags"
            ),
        }
        Ok(())
    }
}
