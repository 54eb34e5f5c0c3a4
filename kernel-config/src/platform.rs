//! A platform: a folder `<arch>/<board>` of the repository that holds kernel settings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A platform.
pub struct Platform {
    /// `<arch>-<board>`: how the platform is called in file names.
    pub slug: String,
    /// The settings' text, as the kernel's build includes it.
    pub autoconf: String,
}

/// The repository: platforms lie beside this package.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where the files lie that an architecture's kernel needs in addition, if it does.
pub fn overlay(sel4_arch: &str) -> PathBuf {
    repository().join("kernel-config/overlay").join(sel4_arch)
}

impl Platform {
    /// Reads the platform that is called `<arch>/<board>`.
    ///
    /// # Errors
    ///
    /// The name is not of that form, there is no such platform (the ones that exist are listed), or its
    /// settings can't be read.
    pub fn find(name: &str) -> Result<Self> {
        let plain = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        let (arch, board) = match name.split_once('/') {
            Some((arch, board)) if plain(arch) && plain(board) => (arch, board),
            _ => bail!("platform {name:?}: write it as ARCH/BOARD; there are: {}", list()),
        };
        let path = repository().join(arch).join(board).join("autoconf.h");
        if !path.is_file() {
            bail!("platform {name}: no {arch}/{board}/autoconf.h; there are: {}", list());
        }
        let autoconf = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Ok(Self { slug: format!("{arch}-{board}"), autoconf })
    }
}

/// The platforms in the tree, for an error message.
fn list() -> String {
    let subdirs = |dir: &Path| -> Vec<PathBuf> {
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut names: Vec<String> = subdirs(repository())
        .iter()
        .flat_map(|arch| subdirs(arch))
        .filter(|board| board.join("autoconf.h").is_file())
        .filter_map(|board| Some(board.strip_prefix(repository()).ok()?.display().to_string()))
        .collect();
    names.sort();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_platform() {
        let platform = Platform::find("x86_64/pc99").expect("the platform is in the tree");
        assert_eq!(platform.slug, "x86_64-pc99");
        assert!(platform.autoconf.contains("#define CONFIG_SEL4_ARCH x86_64\n"));
    }

    #[test]
    fn refuses_other_names() {
        for name in ["pc99", "x86_64/none", "../x86_64/pc99", "x86_64/", "x86_64/pc99/x", "/"] {
            let error = Platform::find(name).err().expect("refused").to_string();
            assert!(error.contains("there are: ") && error.contains(" x86_64/pc99"), "{name}: {error}");
        }
    }
}
