//! What holds of the tree: what is of one architecture or of one board lies where it belongs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use hypos_tests::tools;

/// Where code may ask for the architecture: what an architecture defines (`<arch>/arch.rs`), the bindings, the loader,
/// the compilers of eBPF and their tests, the services' runtime.
const OF_ARCHITECTURES: [&str; 7] = [
    "sel4/",
    "loader/",
    "bpf-runtime/src/jit/",
    "bpf-runtime/tests/",
    "services/svc/src/lib.rs",
    "services/svc/src/arch/",
    "tests/in-situ/",
];

/// The Rust files of the repository, as git knows them.
fn sources() -> Result<Vec<PathBuf>> {
    let list = Command::new("git").args(["ls-files", "*.rs"]).current_dir(tools::top()).output()?;
    ensure!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
    Ok(String::from_utf8(list.stdout)?.lines().map(PathBuf::from).collect())
}

#[test]
fn the_architecture_is_asked_for_where_it_matters_only() -> Result<()> {
    // In two words, so that this file is not one of those that ask.
    let question = ["target", "_arch"].concat();
    let mut asked = 0;
    for file in sources()? {
        let text = fs::read_to_string(tools::top().join(&file))?;
        let allowed = file.ends_with("arch.rs") || OF_ARCHITECTURES.iter().any(|path| file.starts_with(path));
        for line in text.lines().filter(|line| line.contains("cfg") && line.contains(&question)) {
            asked += 1;
            ensure!(allowed, "{}: {}", file.display(), line.trim());
        }
    }
    ensure!(asked > 5, "the search finds nothing: {asked}");
    Ok(())
}

/// A board is a folder: all that is in one, and nothing of it elsewhere.
#[test]
fn boards_are_complete_and_named_as_their_folders() -> Result<()> {
    let mut boards = Vec::new();
    for file in sources()?.into_iter().filter(|file| file.ends_with("platform.rs")) {
        let folder = file.parent().context("a file in a folder")?;
        let arch = folder.parent().unwrap_or(Path::new(""));
        if folder.components().count() == 2 && tools::top().join(arch).join("arch.rs").is_file() {
            boards.push(folder.to_path_buf());
        }
    }
    ensure!(boards.len() >= 4, "{boards:?}");
    for board in boards {
        for part in ["autoconf.h", "qemu", "README.md"] {
            let path = board.join(part);
            ensure!(tools::top().join(&path).is_file(), "{} is missing", path.display());
        }
        let text = fs::read_to_string(tools::top().join(&board).join("platform.rs"))?;
        ensure!(text.contains(&format!("name: {:?}", board.display().to_string())), "{}", board.display());
    }
    Ok(())
}
