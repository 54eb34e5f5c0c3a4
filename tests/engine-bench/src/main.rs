//! Measures the engine's interpreter against its peers and native code.
#[path = "../../../bpf-runtime/tests/common/asm.rs"]
#[allow(clippy::unwrap_used, reason = "the kernels are constants, which each run assembles")]
mod asm;
mod kernels;
mod measure;
mod peers;

use anyhow::Result;

fn main() -> Result<()> {
    for kernel in kernels::all() { if std::env::args().nth(1).is_some_and(|a| !kernel.name.contains(&a)) { continue; }
        let row = measure::measure(&kernel)?;
        println!("{:18} {:9} {:?} {:?} x{:.2}", row.kernel, row.instructions, (0..5).map(|i| (row.per_instruction(i)*1000.).round()/1000.).collect::<Vec<_>>(), row.ns, row.ratio());
    }
    Ok(())
}
