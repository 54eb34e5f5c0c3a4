//! The parts of `docs/performance.md` that are counted: the one about cells, and how any is put in its place.

use std::{fmt::Write, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use super::{Counts, Figure};
use crate::{Options, System, tools};

/// Where the part begins.
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
    let (ticks, times) = counts.ticks("event")?;
    let ours = ticks * 1_000_000 / (counts.ticks_per_ms()? * times).max(1);
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

/// Writes the part about cells into a page, in place of the one that is there.
///
/// # Errors
/// The page can't be written.
pub fn write(file: &Path, figures: &[Figure], walls: &str) -> Result<()> {
    let mut part = format!(
        "\nWritten by `scripts/bench.sh cells`: instructions on the release kernel of {}, counted by QEMU (`-icount shift=0`), the \
         least of 16 runs of a program of two instructions. A spawn counts until the cell waits for events, a service's restart \
         until it is ready; the replacement from the answer to the last event of the old cell to the Call of the new one, both \
         sent as soon as can be.\n\n| | measured | | at most |\n| --- | --- | --- | --- |\n",
        tools::board()
    );
    for figure in figures {
        let (limit, mark) = match figure.limit {
            Some(limit) => (limit.to_string(), if figure.is_over() { " **!**" } else { "" }),
            None => (String::new(), ""),
        };
        writeln!(part, "| {} | {}{mark} | {} | {limit} |", figure.name, figure.value, figure.unit)?;
    }
    write!(part, "\nWall time, the least that was seen:\n\n{walls}")?;
    put(file, HEADING, &part)
}

/// Puts a part into a page, below its heading, in place of the one that is there; at the end, if there is none.
///
/// # Errors
/// The page can't be written.
pub fn put(file: &Path, heading: &str, part: &str) -> Result<()> {
    // A page of its own where there is none.
    let page = fs::read_to_string(file).unwrap_or_default();
    let (before, behind) = match page.split_once(heading) {
        Some((before, rest)) => (before, rest.find("\n## ").map_or("", |at| &rest[at..])),
        None => (page.as_str(), ""),
    };
    Ok(fs::write(file, format!("{}\n{heading}{}\n{behind}", before.trim_end(), part.trim_end()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_the_place_of_its_own_and_no_other() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("page.md");
        fs::write(&file, "# Page\n\n## One\n\nold\n\n## Two\n\nstays\n")?;
        for _ in 0..2 {
            put(&file, "\n## One\n", "\nnew\n")?;
            put(&file, "\n## Three\n", "\nlast\n")?;
        }
        let page = "# Page\n\n## One\n\nnew\n\n## Two\n\nstays\n\n## Three\n\nlast\n";
        assert_eq!(fs::read_to_string(&file)?, page);
        Ok(())
    }
}
