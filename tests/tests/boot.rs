//! Booting: what the console says, and what the system takes.

use std::fmt::Write;

use anyhow::{Context, Result};
use hypos_tests::{Options, System, bench, tools};

/// Boots with so many MiB; checks what the system says of its memory, and that it works.
fn boots_with(memory: u32) -> Result<()> {
    if let Some(fixed) = tools::fixed_memory(&tools::images()).filter(|fixed| *fixed != memory) {
        eprintln!("skipped: the kernel of {} is built for {fixed} MiB", tools::board());
        return Ok(());
    }
    let system = System::boot(&Options { memory, ..Options::default() })?;
    let (total, used) = (system.status("memory_total")?, system.status("memory_used")?);
    assert!(used <= 4 << 20, "{used} bytes are in use");
    // The rest is the kernel's: seL4 16 with a root CNode of 2^16 slots takes 5.3 MiB.
    let least = if tools::installed().is_some() { (2, 3) } else { (3, 4) };
    let memory = u64::from(memory) << 20;
    assert!(total <= memory && total >= memory * least.0 / least.1, "{total} bytes");
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")?;
    system.check_sound()
}

#[test]
fn boots_with_16_mib() -> Result<()> {
    boots_with(16)
}

#[test]
fn boots_with_32_mib() -> Result<()> {
    boots_with(32)
}

#[test]
fn boots_with_64_mib() -> Result<()> {
    boots_with(64)
}

#[test]
fn boots_with_512_mib() -> Result<()> {
    boots_with(512)
}

#[test]
fn the_console_tells_of_the_boot() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let console = system.console();
    let services = system.json(&["services"])?;
    for service in services.as_array().context("a list")? {
        let name = service["name"].as_str().context("a name")?;
        let line = format!("start {name}: priority {}", service["priority"]);
        let found = console.lines().find(|text| text.contains(&line));
        let found = found.with_context(|| format!("no {line:?}:\n{console}"))?;
        // Each holds more than its name.
        assert!(found.len() > found.find(&line).unwrap_or(0) + line.len() + 2, "{found}");
    }
    let ready = console.lines().find(|line| line.contains("hypOS ready")).context("no ready line")?;
    let words: Vec<_> = ready.split_whitespace().collect();
    let after = |word: &str| words.iter().position(|w| *w == word).and_then(|at| words.get(at + 1).copied());
    let ms: f64 = after("ready").context("no time")?.parse()?;
    assert!(ms > 0.0 && ms < 60_000.0, "{ready}");
    let used: u64 = after("memory:").context("no memory")?.parse()?;
    assert!((100..=4096).contains(&used), "{ready}");
    assert!(system.status("boot_ns")? > 0);
    assert!(system.status("uptime_ns")? > system.status("boot_ns")?);
    Ok(())
}

#[test]
fn lines_on_the_console_have_ascending_times() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let console = system.console();
    let time = |line: &str| line.strip_prefix('[')?.split(']').next()?.trim().parse::<f64>().ok();
    // What the root task printed by itself and what it wrote into its log come by different ways.
    let times: Vec<_> = console.lines().filter_map(time).collect();
    assert!(times.len() > 5, "{console}");
    assert!(times.is_sorted(), "{console}");
    Ok(())
}

#[test]
fn the_image_has_at_most_1_mb() -> Result<()> {
    let bytes = bench::image_bytes(&tools::images())?;
    assert!((100_000..=1_000_000).contains(&bytes), "{bytes}");
    Ok(())
}

#[test]
fn the_capabilities_are_those_of_the_golden_file() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let caps = system.json(&["caps"])?;
    let mut table = String::from("service\tslot\tname\tkind\tobject\trights\tbadge\n");
    for cap in caps.as_array().context("a list")? {
        let at = match cap["address"].as_u64() {
            Some(address) => format!("{address:#x}"),
            // 0: a line that is about no capability.
            None => cap["slot"].as_u64().unwrap_or(0).to_string(),
        };
        let text = |field: &str| cap[field].as_str().unwrap_or("?").to_owned();
        let fields = [text("service"), at, text("name"), text("type"), text("object"), text("rights")];
        writeln!(table, "{}\t{}", fields.join("\t"), cap["badge"])?;
    }
    let file = format!("tests/golden/caps-{}.txt", tools::board().replace('/', "-"));
    let Ok(golden) = std::fs::read_to_string(tools::top().join(&file)) else {
        eprintln!("skipped: there is no {file}; HYPOS_BLESS=1 cargo test -p system writes it");
        return Ok(());
    };
    assert_eq!(table, golden);
    Ok(())
}
