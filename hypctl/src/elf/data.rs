//! Sections of global variables: each becomes an array map of one value, as libbpf does it.

use anyhow::{Context, Result, bail};
use bpf_runtime::{
    bundle::{MAX_BYTES, MAX_NAME, MapContents},
    map::{MMAPABLE, MapKind, MapSpec, RDONLY_PROG},
};

use super::file::Section;

/// Whether a section of this name holds global variables.
pub fn is_data(name: &str) -> bool {
    is(name, ".rodata") || is(name, ".data") || is(name, ".bss")
}

/// Whether `name` is `section` or one of its parts, like `.rodata.str1.1`.
fn is(name: &str, section: &str) -> bool {
    name.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The map of section number `index`, which holds global variables.
pub fn data_map(index: usize, section: &Section<'_>) -> Result<MapContents> {
    let name = &section.name;
    if let Some((offset, relocation)) = section.relocations.first_key_value() {
        bail!(
            "section {name}, offset {offset:#x}: holds an address (relocation type {}), which a map can't: \
             initialise it in the program",
            relocation.kind
        );
    }
    let value_size = u32::try_from(section.size).ok().filter(|size| *size as usize <= MAX_BYTES);
    let value_size = value_size.with_context(|| {
        format!("section {name}: {} bytes of variables, at most {MAX_BYTES} fit a device", section.size)
    })?;
    let read_only = is(name, ".rodata");
    let flags = if read_only { RDONLY_PROG | MMAPABLE } else { MMAPABLE };
    let spec = MapSpec { kind: MapKind::Array, key_size: 4, value_size, max_entries: 1, flags };
    Ok(MapContents { name: map_name(index, name), spec, initial: section.data.to_vec() })
}

/// The map's name: the section's. A long one, with a mangled symbol behind it, is cut and numbered.
fn map_name(index: usize, section: &str) -> String {
    if section.len() <= MAX_NAME { section.into() } else { format!("{section:.24}.{index}") }
}
