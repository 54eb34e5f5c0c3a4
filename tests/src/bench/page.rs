//! The part of `docs/performance.md` that is about cells.

use std::{fmt::Write, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use super::{Counts, Figure};
use crate::{Options, System};

/// Where the part begins; it is the page's last.
const HEADING: &str = "\n## Cells\n";

/// What an event takes in wall time, as a table: in QEMU, and by this machine's Linux, where it may be asked.
///
/// # Errors
/// The system does not boot or does not count.
pub fn walls(images: &Path, linux: &Path) -> Result<String> {
    let options = Options { images: images.join("cell"), ..Options::default() };
    let system = System::boot(&options)?;
    let counts = Counts::of_events(&system)?;
    let mut page = String::from("| an event, two instructions | ns |\n| --- | --- |\n");
    let ours = counts.of("event")? * 1_000_000 / counts.ticks_per_ms()?;
    writeln!(
        page,
        "| hypOS in QEMU, every instruction emulated: from the hook's owner to the cell and back | {ours} |"
    )?;
    let output = Command::new(linux).output().with_context(|| linux.display().to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let number = |name| said.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    match (number("called"), number("repeated")) {
        (Some(called), Some(repeated)) => {
            writeln!(
                page,
                "| Linux on this machine's processor: one `BPF_PROG_TEST_RUN` for each event | {called} |"
            )?;
            writeln!(
                page,
                "| Linux: a million runs in one `BPF_PROG_TEST_RUN`, no change of domain | {repeated} |"
            )?;
            let percent = ours * 100 / called.max(1);
            writeln!(
                page,
                "\nThe first takes {percent} % of the second: emulation against a processor, so no more than an order of magnitude."
            )?;
        }
        _ => writeln!(page, "\nLinux is not compared: this machine does not allow it ({}).", said.trim())?,
    }
    Ok(page)
}

/// Writes the part into a page, in place of the one that is there.
///
/// # Errors
/// The page can't be written.
pub fn write(file: &Path, figures: &[Figure], walls: &str) -> Result<()> {
    // A page of its own where there is none.
    let page = fs::read_to_string(file).unwrap_or_default();
    let before = page.split_once(HEADING).map_or(page.as_str(), |(before, _)| before);
    let mut page = format!("{}\n{HEADING}", before.trim_end());
    page += "\nWritten by `scripts/bench.sh cells`: instructions on the release kernel, counted by QEMU (`-icount shift=0`), the \
             least of 16 runs of a program of two instructions. A spawn counts until the cell waits for events, a service's \
             restart until it is ready; the replacement from the answer to the last event of the old cell to the Call of the \
             new one, both sent as soon as can be.\n\n| | measured | | at most |\n| --- | --- | --- | --- |\n";
    for figure in figures {
        let (limit, mark) = match figure.limit {
            Some(limit) => (limit.to_string(), if figure.is_over() { " **!**" } else { "" }),
            None => (String::new(), ""),
        };
        writeln!(page, "| {} | {}{mark} | {} | {limit} |", figure.name, figure.value, figure.unit)?;
    }
    write!(page, "\nWall time, the least that was seen:\n\n{walls}")?;
    Ok(fs::write(file, page)?)
}
