//! Finding the running system's socket.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::{fs::FileTypeExt, net::UnixStream},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use super::Address;

/// The environment variable that names the device.
const VARIABLE: &str = "HYPOS_DEVICE";
/// Where `scripts/run.sh` keeps what runs, below the repository.
const RUN: &str = "target/run";

/// The device that is meant if none is named: `HYPOS_DEVICE`, or the one system that runs.
///
/// # Errors
/// None runs, or several do.
pub fn find() -> Result<Address> {
    if let Some(text) = env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
        return Address::parse(&text.to_string_lossy());
    }
    let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join("run")));
    let here = env::current_dir().unwrap_or_default();
    let mut sockets: Vec<_> = beside
        .into_iter()
        .chain(here.ancestors().map(|dir| dir.join(RUN)))
        .flat_map(|dir| sockets(&dir))
        .collect();
    let mut seen = BTreeSet::new();
    sockets.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    if sockets.len() > 1 {
        // One that nobody listens on was left behind by a system that is gone.
        sockets.retain(|path| UnixStream::connect(path).is_ok());
    }
    match &sockets[..] {
        [one] => Ok(Address::Unix(one.clone())),
        [] => bail!(
            "no running system found ({RUN}/*/control.sock here or above): start one with scripts/run.sh, \
             or name a device with --device or {VARIABLE}"
        ),
        several => {
            let list: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            bail!("several systems run: choose one with --device: {}", list.join(", "))
        }
    }
}

/// The sockets `*/control.sock` in `dir`, sorted.
fn sockets(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("control.sock"))
        .filter(|path| path.metadata().is_ok_and(|m| m.file_type().is_socket()))
        .collect();
    found.sort();
    found
}
