//! What the machine code is told, and what it says: the values of its first two maps (`struct order` of
//! `tests/attack/attack.c`).

use anyhow::{Result, ensure};
use bpf_runtime::{
    bundle::{Contents, MapContents, ProgramContents},
    isa::Insn,
    map::{MapKind, MapSpec, RDONLY_PROG},
};

use crate::native;

/// The attacker; by the end of its name the image knows that it is machine code.
pub const ATTACKER: &str = "attack.native";
/// Ranges that an order holds, the one that ends them too.
const RANGES: usize = 120;
const WORDS: usize = 15;
/// Attempts that the log has room for, a byte each, behind the number of events.
const ATTEMPTS: usize = 4096 - HEADER - EVENTS_BYTES;
/// Bytes before an array's values.
const HEADER: usize = 64;
/// Bytes of the log before the attempts.
pub const EVENTS_BYTES: usize = 8;
/// The page of a map that is read-only, behind order and log in the attacker's address space.
pub const SEALED: u64 = cell::MAPS.vaddr + 2 * 4096;
/// Where further maps begin.
pub const FURTHER: u64 = SEALED + 4096;

/// What is attacked: `enum kind`.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Read,
    Write,
    Jump,
    SystemCall,
    Instruction,
    RunData,
    Spin,
    Overflow,
    Scribble,
    ReplyThen,
    SetFlags,
    Flood,
}

/// So many places from the first one on.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub start: u64,
    pub step: u64,
    pub count: u64,
}

impl Range {
    /// This place alone.
    pub const fn one(start: u64) -> Self {
        Self { start, step: 0, count: 1 }
    }

    /// Its places.
    pub fn places(self) -> impl Iterator<Item = u64> {
        (0..self.count).map(move |i| self.start.wrapping_add(i.wrapping_mul(self.step)))
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub kind: Kind,
    /// The first attempt, and the one behind the last.
    pub attempts: (u64, u64),
    pub args: [u64; 11],
    pub ranges: Vec<Range>,
}

impl Order {
    /// One attempt for each place of the ranges.
    pub fn at(kind: Kind, ranges: &[Range]) -> Self {
        let count = ranges.iter().map(|range| range.count).sum();
        Self { kind, attempts: (0, count), args: [0; 11], ranges: ranges.to_vec() }
    }

    /// So many attempts that no place tells apart.
    pub fn times(kind: Kind, count: u64) -> Self {
        Self { attempts: (0, count), ..Self::at(kind, &[]) }
    }

    /// Done to all ranges at once, with each event.
    pub fn each_event(kind: Kind, ranges: &[Range]) -> Self {
        Self { attempts: (0, 1), ..Self::at(kind, ranges) }
    }

    /// With these arguments.
    pub fn args(mut self, args: &[u64]) -> Self {
        self.args[..args.len()].copy_from_slice(args);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut words = vec![self.kind as u64, self.attempts.0, self.attempts.1, 0];
        words.extend(self.args);
        assert!(words.len() == WORDS && self.ranges.len() < RANGES);
        words.extend(self.ranges.iter().flat_map(|range| [range.start, range.step, range.count]));
        // The end of them.
        words.extend([0; 3]);
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    /// The bundle of the attacker, and of what shares its `further` maps and runs as programs of their own.
    pub fn bundle(&self, further: Contents) -> Result<Contents> {
        let array = |bytes: usize, name: &str, initial| MapContents {
            name: name.into(),
            spec: MapSpec {
                kind: MapKind::Array,
                key_size: 4,
                value_size: bytes as u32,
                max_entries: 1,
                flags: 0,
            },
            initial,
        };
        // No more than there is to say: all of it goes over the wire.
        let (order, log) = (self.bytes(), EVENTS_BYTES + self.attempts.1.next_multiple_of(8) as usize);
        ensure!(log <= EVENTS_BYTES + ATTEMPTS, "{} attempts at a time", self.attempts.1);
        let mut sealed = array(8, "attack_sealed", vec![7; 8]);
        sealed.spec.flags = RDONLY_PROG;
        let own = [array(order.len(), "attack_order", order), array(log, "attack_log", Vec::new()), sealed];
        let attacker = ProgramContents {
            name: ATTACKER.into(),
            hook: "timer".into(),
            code: native::code()?,
            ..ProgramContents::default()
        };
        let shifted = further.programs.into_iter().map(|mut program| {
            program.code = shifted(program.code, own.len() as i32);
            program
        });
        Ok(Contents {
            name: "attack".into(),
            programs: std::iter::once(attacker).chain(shifted).collect(),
            maps: own.into_iter().chain(further.maps).collect(),
            version: 0,
        })
    }
}

/// Code whose maps stand behind so many others.
fn shifted(mut code: Vec<Insn>, by: i32) -> Vec<Insn> {
    let mut second = false;
    for insn in &mut code {
        if insn.is_lddw() && !second {
            second = true;
            if matches!(insn.src, 1 | 2) {
                insn.imm += by;
            }
        } else {
            second = false;
        }
    }
    code
}
