//! Hashes the tool's own source: a prefix that an older tool wrote is built anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::{fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    let mut files: Vec<_> = fs::read_dir("src")?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in &files {
        fs::read(file)?.hash(&mut hasher);
    }
    println!("cargo::rustc-env=KERNEL_CONFIG_SOURCE={:016x}", hasher.finish());
    Ok(())
}
