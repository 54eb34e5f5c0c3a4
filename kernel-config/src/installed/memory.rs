//! The memory that a kernel for Arm or RISC-V is built for: it reads no device tree when it boots.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Where an installation says it (written by the kernel's `tools/hardware_gen.py`).
const FILE: &str = "support/platform_gen.json";

/// How much memory, in MiB. It begins on a multiple of 1 GiB, as that of QEMU's machines does; the file leaves out what
/// firmware and a hypervisor's guests get at its beginning.
///
/// # Errors
///
/// There is no such file, or it says something else.
pub fn mib(prefix: &Path) -> Result<u64> {
    const MIB_BITS: u32 = 20;
    const GIB_BITS: u32 = 30;
    let text = fs::read_to_string(prefix.join(FILE)).with_context(|| format!("read {FILE}"))?;
    let platform: Value = serde_json::from_str(&text).context(FILE)?;
    let regions = platform["memory"].as_array().map_or(&[][..], Vec::as_slice);
    let edges = |name: &'static str| regions.iter().filter_map(move |region| region[name].as_u64());
    match (edges("start").min(), edges("end").max()) {
        (Some(start), Some(end)) if start < end => Ok((end - (start >> GIB_BITS << GIB_BITS)) >> MIB_BITS),
        _ => bail!("{FILE}: no memory in it"),
    }
}
