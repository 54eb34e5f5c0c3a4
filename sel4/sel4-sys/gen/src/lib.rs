//! Writes the raw bindings from a kernel's prefix (`SEL4_PREFIX`).
//!
//! Two halves: a dialect reads one kernel generation's files into the `model`, the emission writes Rust
//! from the model and knows no kernel version.
#![forbid(unsafe_code)]

mod bitfield;
mod dialect;
mod emit;
mod expression;
mod header;
mod model;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub use settings::Settings;

/// What was generated.
pub struct Generated {
    /// The bindings' text.
    pub rust: String,
    /// The files of the prefix that it was made from.
    pub inputs: Vec<PathBuf>,
    /// The kernel's settings.
    pub settings: Settings,
    /// The kernel's version; of an installed kernel only its first part is known.
    pub version: String,
    /// The generation of its interface, for `cfg`s.
    pub generation: &'static str,
    /// Whether threads have flags, of which one is that they do without FPU.
    pub tcb_flags: bool,
}

/// Files of a prefix, each one that is read remembered.
struct Prefix {
    include: PathBuf,
    inputs: Vec<PathBuf>,
}

impl Prefix {
    /// Reads a file below `libsel4/include`.
    fn read(&mut self, name: &str) -> Result<String> {
        let path = self.include.join(name);
        let text = fs::read_to_string(&path).with_context(|| {
            format!("read {}: is SEL4_PREFIX the folder of a built kernel?", path.display())
        })?;
        self.inputs.push(path);
        Ok(text)
    }
}

/// Generates the bindings of the kernel in `prefix`.
///
/// # Errors
///
/// A file that is missing, not understood, or of a kernel generation that no dialect reads.
pub fn generate(prefix: &Path) -> Result<Generated> {
    let mut files = Prefix { include: prefix.join("libsel4/include"), inputs: Vec::new() };
    let settings = Settings::parse(&files.read("kernel/gen_config.json")?).context("gen_config.json")?;
    let (generation, api) = dialect::read(prefix, &mut files, &settings)?;
    let rust = emit::rust(&api, &settings)?;
    let tcb_flags = api.methods.iter().any(|method| method.id == "TCBSetFlags");
    Ok(Generated { rust, inputs: files.inputs, settings, version: api.version, generation, tcb_flags })
}
