//! Objects as clang and rustc make them, read by libbpf's conventions: a section that is named like a hook
//! holds programs, `.text` the functions that they call, `.maps` BTF-described maps, `.rodata*`, `.data*` and
//! `.bss*` become array maps. What comes out is the contents of a bundle.

mod btf;
mod core;
mod data;
mod file;
mod lines;
mod link;
mod maps;

use anyhow::{Context, Result, bail};
use bpf_runtime::{
    bundle::{self, BundleError, Contents, MAX_NAME, ProgramContents, Reason},
    hook,
};

pub use file::MAX_FILE_BYTES;

/// An object that was read.
#[derive(Debug)]
pub struct Object {
    /// What its bundle holds.
    pub contents: Contents,
    /// The section of each program.
    pub sections: Vec<String>,
    /// The programs that no bundle can hold.
    pub refused: Vec<Refused>,
    /// Why a map that is declared can't be made, if one can't.
    pub unmade: Option<String>,
}

/// A program that can't be put into a bundle.
#[derive(Debug)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// Its section.
    pub section: String,
    /// Why.
    pub why: anyhow::Error,
}

/// Reads the object `bytes`, whose file is called `name`.
///
/// # Errors
/// The first thing that is wrong with it: what, where, and what to do.
pub fn read(name: &str, bytes: &[u8]) -> Result<Object> {
    let mut object = read_some(name, bytes)?;
    if !object.refused.is_empty() {
        return Err(object.refused.swap_remove(0).why);
    }
    match object.unmade {
        Some(why) => bail!("{why}"),
        None => Ok(object),
    }
}

/// As [`read`], but leaves out programs that can't be put into a bundle, unless that is all.
///
/// # Errors
/// As [`read`].
pub fn read_some(name: &str, bytes: &[u8]) -> Result<Object> {
    let file = file::File::read(bytes)?;
    let mut maps = maps::Maps::declared(&file)?;
    let (lines, core) = (lines::Lines::read(&file)?, core::Core::read(&file)?);
    let mut contents = Contents { name: object_name(name), ..Contents::default() };
    let (mut sections, mut refused) = (Vec::new(), Vec::new());
    for function in file.programs() {
        let section = file.section(function.section)?.name.clone();
        match program(&file, function, &mut maps, (&lines, &core)) {
            Ok(program) => {
                contents.programs.push(program);
                sections.push(section);
            }
            Err(why) => refused.push(Refused { name: function.name.clone(), section, why }),
        }
    }
    if contents.programs.is_empty() {
        // Rather about a program that has a hook here than about another.
        let known = refused.iter().position(|refused| hook::find(&refused.section).is_some());
        if !refused.is_empty() {
            return Err(refused.swap_remove(known.unwrap_or(0)).why);
        }
        bail!("no program in it: put a global function into a section named by its hook; {}", known_hooks());
    }
    let unmade = maps.refused();
    contents.maps = maps.into_contents();
    Ok(Object { contents, sections, refused, unmade })
}

/// A program of an object, linked.
fn program(
    file: &file::File<'_>,
    function: &file::Function,
    maps: &mut maps::Maps,
    (lines, core): (&lines::Lines, &core::Core),
) -> Result<ProgramContents> {
    let section = file.section(function.section)?;
    let hook = hook::find(&section.name)
        .with_context(|| format!("section {}: no such hook; {}", section.name, known_hooks()))?;
    check_name("program", &function.name)?;
    let linked = link::Linker::new(file, maps).link(function)?;
    core.check(file, &linked)?;
    Ok(ProgramContents {
        name: function.name.clone(),
        hook: hook.name.into(),
        lines: lines.of(file, &linked),
        code: linked.code,
        strict: false,
    })
}

/// The bundle of an object; line information that does not fit is left out.
///
/// # Errors
/// The object is larger than a bundle may be, or has more of something.
pub fn bundle(contents: &Contents) -> Result<Vec<u8>> {
    let too_long = |r: &Result<Vec<u8>, BundleError>| {
        matches!(r, Err(BundleError { reason: Reason::TooMany { what: "bytes", .. }, .. }))
    };
    let mut contents = contents.clone();
    let mut written = contents.write();
    if too_long(&written) {
        contents.programs.iter_mut().flat_map(|p| &mut p.lines).for_each(|line| line.text.clear());
        written = contents.write();
    }
    if too_long(&written) {
        contents.programs.iter_mut().for_each(|p| p.lines.clear());
        written = contents.write();
    }
    written.map_err(|e| match e.reason {
        Reason::TooMany { what, is, limit } => {
            anyhow::anyhow!("{is} {what}, a device takes at most {limit}: split the object")
        }
        _ => anyhow::Error::new(e),
    })
}

/// Refuses a name that no bundle carries.
fn check_name(what: &str, name: &str) -> Result<()> {
    if bundle::is_name(name.as_bytes()) {
        return Ok(());
    }
    bail!("{what} {name:?}: a name is 1 to {MAX_NAME} of A-Z a-z 0-9 _ . : rename it");
}

/// The object's name from its file's: a name can't have every byte that a path can.
fn object_name(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file);
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    let name: String = base.chars().map(fit).take(MAX_NAME).collect();
    if name.is_empty() { "object".into() } else { name }
}

fn known_hooks() -> String {
    let names: Vec<_> = hook::HOOKS.iter().map(|hook| format!("SEC(\"{}\")", hook.section)).collect();
    format!("known are {}", names.join(", "))
}
