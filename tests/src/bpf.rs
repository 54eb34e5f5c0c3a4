//! eBPF objects for tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::tools;

/// What most programs begin with.
const PRELUDE: &str = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include <hypos.h>\n";

/// Compiles C text, with the usual headers in front, into an object in `dir`.
///
/// # Errors
/// As [`compile_plain`].
pub fn compile(dir: &Path, name: &str, source: &str) -> Result<PathBuf> {
    compile_plain(dir, name, &format!("{PRELUDE}{source}"))
}

/// Compiles C text into an object in `dir`, as the examples are.
///
/// # Errors
/// The compiler is missing or refuses.
pub fn compile_plain(dir: &Path, name: &str, source: &str) -> Result<PathBuf> {
    let path = dir.join(format!("{name}.bpf.c"));
    fs::write(&path, source)?;
    let output = Command::new(tools::top().join("examples/build.sh")).arg(&path).output()?;
    if !output.status.success() {
        bail!("{}:\n{}", path.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(dir.join(format!("{name}.bpf.o")))
}

/// A program of the hook `timer` that returns 0, and an array map of one value of so many bytes that it reads.
///
/// # Errors
/// As [`compile`].
pub fn with_map(dir: &Path, name: &str, value_bytes: u32) -> Result<PathBuf> {
    let source = format!(
        "struct value {{ char bytes[{value_bytes}]; }};\n\
         struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32);\n\
         __type(value, struct value); }} {name}_map SEC(\".maps\");\n\
         SEC(\"timer\") int {name}(void *ctx) {{ __u32 key = 0; struct value *v = bpf_map_lookup_elem(&{name}_map, &key);\n\
         if (v) v->bytes[0]++; return 0; }}\n"
    );
    compile(dir, name, &source)
}

/// An example's object, as `scripts/build.sh` leaves it.
///
/// # Errors
/// It is not built.
pub fn example(object: &str) -> Result<PathBuf> {
    let path = tools::top().join("examples").join(object);
    path.canonicalize().with_context(|| format!("{}: run scripts/build.sh", path.display()))
}
