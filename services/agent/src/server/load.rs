//! Loading and unloading: all programs of a bundle, or none.

use alloc::vec::Vec;
#[cfg(not(feature = "unverified"))]
use bpf_runtime::verifier::{self, Limits};
use bpf_runtime::{
    bundle::{self, Bundle},
    hook,
    isa::Insn,
    map::MapSpec,
    verifier::{Summary, Unit},
};
use proto::device::{Error, ErrorCode, LoadResponse, Loaded, ProgramRequest};

#[cfg(feature = "unverified")]
use super::unverified::judge;
use super::{Agent, Board, attach::HookNames, state::refusal};

#[cfg(not(feature = "unverified"))]
/// What the verifier may use of the agent's heap.
const VERIFIER_BYTES: usize = 600 * 1024;

/// A program that passed the verifier and is not yet in memory.
pub(crate) struct Verified<'b> {
    pub(crate) program: bundle::Program<'b>,
    pub(crate) hook: &'static hook::Hook,
    pub(crate) summary: Summary,
}

pub(crate) fn no_memory(what: &str, bytes: usize, free: usize) -> Error {
    refusal(
        ErrorCode::NoMemory,
        format_args!("no memory for {what}: {bytes} bytes wanted, {free} free; unload something first"),
    )
}

impl<B: Board> Agent<'_, B> {
    /// Loads the bundle in the staging memory.
    pub(crate) fn load(&mut self, size: usize) -> Result<LoadResponse, Error> {
        self.staged(size, Self::load_bundle)
    }

    /// Has `work` done on the bundle in the staging memory, and counts.
    pub(crate) fn staged(
        &mut self,
        size: usize,
        work: impl FnOnce(&mut Self, &[u8]) -> Result<LoadResponse, Error>,
    ) -> Result<LoadResponse, Error> {
        if size != self.staged {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("{size} bytes announced, {} uploaded; upload the bundle again", self.staged),
            ));
        }
        // Out of `self` while it is read: loading changes everything else.
        let staging = core::mem::take(&mut self.staging);
        let loaded = work(self, &staging[..size]);
        self.staging = staging;
        self.staged = 0;
        if loaded.is_ok() {
            self.loads += 1;
        } else {
            self.refusals += 1;
        }
        loaded
    }

    fn load_bundle(&mut self, bytes: &[u8]) -> Result<LoadResponse, Error> {
        let bundle = parse(bytes)?;
        let mut verified = heapless::Vec::<_, { bundle::MAX_PROGRAMS }>::new();
        for program in bundle.programs() {
            self.is_new(program.name)?;
            // As many as fit: the bundle's own limit is the same.
            let _ = verified.push(verify(&bundle, program)?);
        }
        let maps = self.make_maps(&bundle, None)?;
        let mut response = LoadResponse::default();
        let mut slots = heapless::Vec::<usize, { bundle::MAX_PROGRAMS }>::new();
        for program in &verified {
            match self.place(program, &maps) {
                Ok(slot) => {
                    let _ = slots.push(slot);
                    let _ = response.programs.push(self.loaded(slot));
                }
                Err(error) => {
                    slots.into_iter().for_each(|slot| self.remove(slot));
                    self.drop_unused_maps();
                    return Err(error);
                }
            }
        }
        Ok(response)
    }

    /// What the host is told of a program that was loaded.
    pub(crate) fn loaded(&self, slot: usize) -> Loaded {
        self.programs[slot].as_ref().map_or_else(Loaded::default, |program| Loaded {
            id: program.id(),
            name: program.name.clone(),
            instruction_bound: program.meta.bound.min(u32::MAX.into()) as u32,
            stack_bytes: program.meta.stack_bytes,
        })
    }

    fn is_new(&self, name: &str) -> Result<(), Error> {
        if self.programs.iter().flatten().any(|p| p.name == name) {
            return Err(refusal(
                ErrorCode::Exists,
                format_args!("a program {name} is loaded already; unload it first, or replace it"),
            ));
        }
        Ok(())
    }

    /// Unloads a program that is not attached.
    pub(crate) fn unload(&mut self, request: &ProgramRequest) -> Result<(), Error> {
        let slot = self.find(request)?;
        if self.attachments(slot).next().is_some() {
            let name = self.programs[slot].as_ref().map_or("", |p| p.name.as_str());
            return Err(refusal(
                ErrorCode::Busy,
                format_args!("{name} is attached; detach it first: prog detach {name}"),
            ));
        }
        self.remove(slot);
        Ok(())
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Bundle<'_>, Error> {
    Bundle::parse(bytes).map_err(|e| refusal(ErrorCode::Invalid, format_args!("not a bundle: {e}")))
}

pub(crate) fn verify<'b>(bundle: &Bundle<'b>, program: bundle::Program<'b>) -> Result<Verified<'b>, Error> {
    let mut specs: heapless::Vec<MapSpec, { bundle::MAX_MAPS }> = heapless::Vec::new();
    specs.extend(bundle.maps().map(|map| map.spec));
    let hook = hook::find(program.hook).ok_or_else(|| {
        refusal(
            ErrorCode::NotFound,
            format_args!("{}: no hook {}; there are: {HookNames}", program.name, program.hook),
        )
    })?;
    if !hook.on_device {
        return Err(refusal(
            ErrorCode::NotFound,
            format_args!(
                "{}: this system has no hook {} (it has no network); there are: {HookNames}",
                program.name, hook.name
            ),
        ));
    }
    let mut code: Vec<Insn> = Vec::new();
    let insns = program.insns();
    if code.try_reserve_exact(insns.len()).is_err() {
        return Err(no_memory(program.name, program.code.len(), 0));
    }
    code.extend(insns);
    let unit = Unit { code: &code, hook, maps: &specs, lines: Some(program.lines) };
    let summary =
        judge(&unit).map_err(|e| refusal(ErrorCode::Refused, format_args!("{}: {e}", program.name)))?;
    if program.strict && summary.instruction_bound.is_none() {
        return Err(refusal(
            ErrorCode::Refused,
            format_args!("{}: it wants strict termination, and no bound is known", program.name),
        ));
    }
    Ok(Verified { program, hook, summary })
}

#[cfg(not(feature = "unverified"))]
fn judge(unit: &Unit<'_>) -> Result<Summary, verifier::Refusal> {
    verifier::verify(unit, &Limits { memory_bytes: VERIFIER_BYTES, ..Limits::default() })
}
