//! How much text the engine's parts have on a device: of programs that hold nothing else, sorted by symbol.
use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// What the engine made for size took when this was last set: it is to become less.
const LIMIT: u64 = 66_200;

/// Bytes of text.
#[derive(Clone, Copy, Default)]
pub struct Text {
    /// Of the verifier's proof.
    pub verifier: u64,
    /// Of the text of its refusals: registers, instructions, source lines.
    pub log: u64,
    /// Of the interpreter: decoding, preparation, all instructions, checks of memory.
    pub interpreter: u64,
    /// Of pieces that the compiler found to be equal and made once, whoever uses them.
    pub outlined: u64,
    /// Of the helpers and the maps.
    pub helpers: u64,
    /// Of all, with what the language brings.
    pub all: u64,
}

impl Text {
    /// Verifier and interpreter, with all that they may use of what is outlined.
    pub const fn engine(&self) -> u64 {
        self.verifier + self.log + self.interpreter + self.outlined
    }
}

/// Prints how much the engine takes, made for size.
pub fn check(programs: &Path) -> Result<()> {
    let text = measure(programs)?;
    let Text { verifier, log, interpreter, outlined, helpers, all } = text;
    println!(
        "verifier {verifier}, its refusals {log}, interpreter {interpreter}, outlined {outlined}: {}",
        text.engine()
    );
    println!("helpers and maps {helpers}, the whole program {all}");
    ensure!(text.engine() <= LIMIT, "{} bytes of text: the limit is {LIMIT}", text.engine());
    Ok(())
}

/// The figures of the program that holds interpreter and verifier.
pub fn measure(programs: &Path) -> Result<Text> {
    let path = programs.join("engine");
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let file = object::File::parse(&*bytes).with_context(|| format!("parsing {}", path.display()))?;
    let section = file.section_by_name(".text").with_context(|| format!("{} has no text", path.display()))?;
    let mut text = Text { all: section.size(), ..Text::default() };
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let name = rustc_demangle::demangle(symbol.name()?).to_string().replace("..", "::");
        let size = symbol.size();
        if name.starts_with("OUTLINED_FUNCTION") {
            text.outlined += size;
        }
        let Some((_, path)) = name.split_once("bpf_runtime::") else { continue };
        let shows = name.contains("core::fmt::");
        let mut path = path.split("::");
        match (path.next(), path.next()) {
            (Some("map"), _) | (Some("interp"), Some("helpers" | "print")) => text.helpers += size,
            (Some("bundle"), _)
            | (Some("isa"), Some("disasm"))
            | (Some("verifier"), Some("log" | "refusal")) => {
                text.log += size;
            }
            (Some("verifier" | "isa"), _) if shows => text.log += size,
            (Some("verifier" | "helper" | "hook"), _) => text.verifier += size,
            (Some("interp" | "isa"), _) => text.interpreter += size,
            _ => {}
        }
    }
    Ok(text)
}
