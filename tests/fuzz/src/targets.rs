//! The targets. Each gives whether its bytes came as far as they can: to a run, to an end of the reader.

use bpf_runtime::{
    bundle::{Bundle, MAX_BYTES, MAX_INSNS},
    hook::HOOKS,
    isa::{INSN_BYTES, Insn, disasm},
    map::MapSpec,
    verifier::{Limits, Unit, oracle::run_accepted, verify},
};

use crate::{
    common::{
        MAPS, World, assemble, create_maps,
        generate::{self, Choice},
        loops, map_memory,
    },
    map::map,
    peer,
};

/// A target's name and its function.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All targets.
pub const TARGETS: [Target; 6] = [
    ("verifier", verifier),
    ("program", program),
    ("engines", engines),
    ("bundle", bundle),
    ("elf", elf),
    ("map", map),
];

/// Longest run that engines are compared in, in instructions.
const LONGEST: u64 = 20_000;
/// Steps that the verifier may take here: a fuzzer wants many inputs rather than long ones.
const STEPS: u64 = 20_000;

/// Any instructions: the verifier comes to a verdict within its budget, and what it accepts runs as it foresaw.
///
/// # Panics
/// It does not.
pub fn verifier(bytes: &[u8]) -> bool {
    let Some((&first, bytes)) = bytes.split_first() else { return false };
    let hook = &HOOKS[usize::from(first) % HOOKS.len()];
    let (slots, rest) = bytes.as_chunks::<INSN_BYTES>();
    let code: Vec<Insn> = slots.iter().map(|slot| Insn::from_bytes(*slot)).collect();
    judge(&Unit { code: &code, hook, maps: &MAPS, lines: None }, &[[0; 32], [0xff; 32], filled(rest)])
}

/// A program that the bytes choose the parts of: it comes much further than any instructions do. What is accepted
/// leaves the same behind as compiled code.
///
/// # Panics
/// As [`verifier`].
pub fn program(bytes: &[u8]) -> bool {
    let mut choice = Choice::of_bytes(bytes);
    let code = assemble(&generate::program(&mut choice));
    let contexts: Vec<_> = (0..4).map(|_| generate::context(&mut choice)).collect();
    let unit = Unit { code: &code, hook: &HOOKS[0], maps: &MAPS, lines: None };
    if let Some(bound) = judged(&unit) {
        agree(&code, &contexts[..1], bound, false);
    }
    judge(&unit, &contexts)
}

/// As [`program`], of instructions that rbpf does right: it has to leave the same behind, too.
///
/// # Panics
/// It does not.
pub fn engines(bytes: &[u8]) -> bool {
    let mut choice = Choice::of_bytes(bytes);
    let looped = choice.below(3) == 0;
    let text = if looped { loops::program(&mut choice) } else { generate::program(&mut choice) };
    let code: Vec<Insn> = assemble(&peer::telling(&text)).into_iter().map(peer::lowered).collect();
    let bound = judged(&Unit { code: &code, hook: &HOOKS[0], maps: &MAPS, lines: None });
    let Some(bound) = bound.filter(|bound| *bound <= LONGEST) else { return false };
    agree(&code, &[generate::context(&mut choice)], bound, true);
    true
}

/// Panics if engines differ in what they make of an accepted program.
fn agree(code: &[Insn], contexts: &[[u8; 32]], bound: u64, with_rbpf: bool) {
    for context in contexts.iter().filter(|_| bound <= LONGEST) {
        if let Err(wrong) = peer::compare(code, context, bound, with_rbpf) {
            panic!("{context:?}: {wrong}\n{}", listing(code));
        }
    }
}

/// A bundle: the reader names what is wrong, or gives maps that can be made and programs that can be judged.
///
/// # Panics
/// It does not.
pub fn bundle(bytes: &[u8]) -> bool {
    let Ok(bundle) = Bundle::parse(bytes) else { return false };
    assert!(bytes.len() <= MAX_BYTES);
    let maps: Vec<MapSpec> = bundle.maps().map(|map| map.spec).collect();
    for program in bundle.programs() {
        let code: Vec<Insn> = program.insns().collect();
        assert!(!code.is_empty() && code.len() <= MAX_INSNS);
        let Some(hook) = HOOKS.iter().find(|hook| hook.name == program.hook) else { continue };
        judged(&Unit { code: &code, hook, maps: &maps, lines: Some(program.lines) });
    }
    true
}

/// An object file: the reader names what is wrong, or gives contents that the bundle's reader takes or refuses.
///
/// # Panics
/// It does not.
pub fn elf(bytes: &[u8]) -> bool {
    let Ok(object) = hypctl::elf::read("fuzz.bpf.o", bytes) else { return false };
    assert_eq!(object.sections.len(), object.contents.programs.len());
    if let Ok(written) = object.contents.write() {
        assert!(bundle(&written), "what was written can't be read");
    }
    true
}

/// The first bytes, filled up.
fn filled(bytes: &[u8]) -> [u8; 32] {
    let mut context = [0x5a; 32];
    context.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    context
}

/// Verifies within a budget; the bound on executed instructions of what is accepted.
fn judged(unit: &Unit<'_>) -> Option<u64> {
    let limits = Limits { steps: Some(STEPS), ..Limits::default() };
    match verify(unit, &limits) {
        Ok(summary) => {
            assert!(summary.steps <= STEPS);
            summary.instruction_bound
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            None
        }
    }
}

fn judge(unit: &Unit<'_>, contexts: &[[u8; 32]]) -> bool {
    if judged(unit).is_none() {
        return false;
    }
    let memory = map_memory();
    match run_accepted(unit, contexts, &create_maps(&memory), &mut World::default()) {
        Ok(fuel) => fuel.is_some(),
        Err(wrong) => panic!("{wrong}\n{}", listing(unit.code)),
    }
}

fn listing(code: &[Insn]) -> String {
    let lines: Vec<_> = (0..code.len()).map(|at| format!("{at}: {}", disasm(code, at))).collect();
    lines.join("\n")
}
