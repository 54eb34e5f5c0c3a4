//! What is done to a component, and how: bytes in its memory are overwritten while the machine stands still, or a signal of
//! the kernel's is skipped.

use std::fmt;

use anyhow::{Context, Result, ensure};
use caps::standard;
use cell::{IMAGE, image};

use super::{
    Chaos,
    machine::Back,
    ram::{PAGE, Page, VSpace},
    random::Random,
};
use crate::gdb::Gdb;

/// Kinds of injections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Its code becomes an instruction that faults.
    Kill,
    /// Its code becomes a loop without end.
    Loop,
    /// Its code leads to a jump to where it has no business.
    WildJump,
    /// Its code leads to a read there.
    WildRead,
    /// Its code leads to a write there.
    WildWrite,
    /// A bit of its code or constants turns.
    FlipCode,
    /// A bit of its own data, stack or IPC buffer turns.
    FlipData,
    /// A bit of memory that components share turns.
    FlipShared,
    /// The kernel forgets one signal, whosever comes next.
    DropSignal,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Kill,
        Self::Loop,
        Self::WildJump,
        Self::WildRead,
        Self::WildWrite,
        Self::FlipCode,
        Self::FlipData,
        Self::FlipShared,
        Self::DropSignal,
    ];

    /// Its name, on the command line and in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Loop => "loop",
            Self::WildJump => "wild-jump",
            Self::WildRead => "wild-read",
            Self::WildWrite => "wild-write",
            Self::FlipCode => "flip-code",
            Self::FlipData => "flip-data",
            Self::FlipShared => "flip-shared",
            Self::DropSignal => "drop-signal",
        }
    }

    /// Whether the component can't go on: this has to be noticed.
    pub const fn is_deadly(self) -> bool {
        !self.turns_a_bit() && !matches!(self, Self::DropSignal)
    }

    /// Whether the component faults at once.
    pub const fn faults(self) -> bool {
        self.is_deadly() && !matches!(self, Self::Loop)
    }

    /// Whether a bit turns, which may go unnoticed and lead to wrong values.
    pub const fn turns_a_bit(self) -> bool {
        matches!(self, Self::FlipCode | Self::FlipData | Self::FlipShared)
    }
}

/// One injection. The same three do the same to the same component again; the time at which they do is another.
#[derive(Clone, Debug)]
pub struct Injection {
    /// What.
    pub kind: Kind,
    /// To whom: a service, a program, `cells` for what all cells run, `OWNER/NAME` for shared memory, or `signals`.
    pub target: String,
    /// Chooses page, byte, bit, address.
    pub pick: u64,
}

impl Injection {
    /// Whether programs that are loaded meanwhile may be compiled wrongly: they are confined, and stopped in the end.
    pub(super) fn may_miscompile(&self) -> bool {
        self.target == "agent" && self.kind.turns_a_bit()
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:#x}", self.kind.name(), self.target, self.pick)
    }
}

/// A byte of which a bit was turned.
#[derive(Clone, Copy, Debug)]
pub struct Turned {
    paddr: u64,
    was: u8,
    now: u8,
}

/// What was done, and how to undo it where that is the only way.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// For a person.
    pub what: String,
    /// What was turned, and can be turned back.
    pub undo: Option<Turned>,
}

/// What shared memory begins with: heads and tails of rings, counts.
const HEADER: usize = 64;
/// Nothing, not mapped, nor there, no address at all; and there is what only the kernel has.
const WILD: [u64; 4] = [0, 0x7fff_f000, 0x3000_0123, 0x8000_0000_dead_0000];

impl Chaos {
    /// Does it. The machine goes on afterwards.
    ///
    /// # Errors
    /// There is no such component, or QEMU does not play along.
    pub(super) fn inject(&self, injection: &Injection) -> Result<Done> {
        let mut gdb = Gdb::connect(&self.system.path("gdb"))?;
        let done = match injection.kind {
            Kind::DropSignal => self.drop_signal(&mut gdb)?,
            _ => self.overwrite(&mut gdb, injection)?,
        };
        gdb.go()?;
        Ok(done)
    }

    /// Turns the bit back, unless the byte was written to since.
    pub(super) fn turn_back(&self, turned: Turned) -> Result<()> {
        let mut gdb = Gdb::connect(&self.system.path("gdb"))?;
        let mut byte = [0];
        self.ram.read(turned.paddr, &mut byte)?;
        if byte == [turned.now] {
            gdb.write(turned.paddr, &[turned.was])?;
        }
        gdb.go()
    }

    fn overwrite(&self, gdb: &mut Gdb, injection: &Injection) -> Result<Done> {
        let mut random = Random(injection.pick);
        if injection.kind == Kind::FlipShared {
            return self.flip(gdb, &self.shared(&injection.target)?, HEADER, &mut random);
        }
        let vspace = self.vspace(&injection.target)?;
        let deadly = match injection.kind {
            Kind::FlipCode => {
                return self.flip(gdb, &self.code(&injection.target, &vspace, false), 0, &mut random);
            }
            Kind::FlipData => return self.flip(gdb, &data(&vspace), 0, &mut random),
            Kind::Kill => vec![],
            Kind::Loop => self.machine.spin.to_vec(),
            kind => self.wild(kind, &vspace, &mut random)?,
        };
        let filler = if deadly.is_empty() { self.machine.fault } else { self.machine.nop };
        let code = self.code(&injection.target, &vspace, true);
        ensure!(!code.is_empty(), "{} has no code", injection.target);
        for page in &code {
            let start = if page.vaddr == IMAGE.vaddr { image::CODE } else { 0 };
            let mut bytes = filler.repeat((PAGE - start - deadly.len()) / filler.len());
            bytes.extend(&deadly);
            gdb.write(page.paddr + start as u64, &bytes)?;
        }
        let what = format!("{} pages of code end in {deadly:02x?}", code.len());
        Ok(Done { what, undo: None })
    }

    /// Pages of a component's code; `strict`: without its constants.
    fn code(&self, target: &str, vspace: &VSpace, strict: bool) -> Vec<Page> {
        let image = self.image(target);
        match image {
            // A program's own.
            None => vspace.range(IMAGE.vaddr, IMAGE.end()).copied().collect(),
            Some(image) => {
                let code = |page: &&Page| !page.writable && (!strict || image.is_code(page.vaddr));
                vspace.range(0, standard::IPC_BUFFER.vaddr).filter(code).copied().collect()
            }
        }
    }

    /// Turns a bit of a byte that is not 0, if there is one: most of a page of zeros nobody ever looks at. One in two times, of the
    /// first bytes if there are such with a `header`.
    fn flip(&self, gdb: &mut Gdb, pages: &[Page], header: usize, random: &mut Random) -> Result<Done> {
        let mut used = Vec::new();
        for page in pages {
            let mut bytes = [0; PAGE];
            self.ram.read(page.paddr, &mut bytes)?;
            used.extend((0..PAGE).filter(|i| bytes[*i] != 0).map(|at| (page, at)));
        }
        let first = pages.first().context("no page to turn a bit of")?;
        let (page, at) = match random.one_of(&used) {
            Some(used) if header == 0 || random.below(2) == 0 => *used,
            _ => (first, random.below(header.max(1))),
        };
        let (bit, paddr, mut was) = (random.below(8), page.paddr + at as u64, [0]);
        self.ram.read(paddr, &mut was)?;
        let turned = Turned { paddr, was: was[0], now: was[0] ^ 1 << bit };
        gdb.write(paddr, &[turned.now])?;
        let what = format!("bit {bit} of {:#04x} at {:#x}", turned.was, page.vaddr + at as u64);
        Ok(Done { what, undo: Some(turned) })
    }

    /// Lets the kernel return from its next `sendSignal(notification, badge)` before it has done anything.
    fn drop_signal(&self, gdb: &mut Gdb) -> Result<Done> {
        gdb.run_to(self.ram.symbol("sendSignal")?)?;
        let [notification, badge] = self.machine.arguments;
        let (notification, badge) = (gdb.register(notification)?, gdb.register(badge)?);
        let back = match self.machine.back {
            Back::Link(register) => gdb.register(register)?,
            Back::Stack(register) => {
                let stack = gdb.register(register)?;
                gdb.set_register(register, stack + 8)?;
                self.ram.kernel_word(stack)?
            }
        };
        gdb.set_register(self.machine.pc, back)?;
        Ok(Done { what: format!("signal {badge:#x} to {notification:#x}"), undo: None })
    }

    fn wild(&self, kind: Kind, vspace: &VSpace, random: &mut Random) -> Result<Vec<u8>> {
        let mut addresses = [&WILD[..], &[self.machine.kernel]].concat();
        let own = data(vspace);
        match kind {
            // Without NX its own data can be executed.
            Kind::WildJump => addresses.extend(random.one_of(&own).map(|page| page.vaddr)),
            Kind::WildWrite => {
                addresses.extend(vspace.pages.iter().find(|page| !page.writable).map(|p| p.vaddr));
            }
            _ => {}
        }
        let address = *random.one_of(&addresses).context("no address")?;
        Ok(match kind {
            Kind::WildJump => (self.machine.jump)(address),
            Kind::WildRead => (self.machine.read)(address),
            _ => (self.machine.write)(address),
        })
    }
}

/// Pages that nobody else has, and that it writes: data, IPC buffer, stack.
fn data(vspace: &VSpace) -> Vec<Page> {
    let image = vspace.range(0, standard::IPC_BUFFER.end());
    let stack = vspace.range(standard::CLOCK.end(), standard::STACK_TOP);
    image.chain(stack).filter(|page| page.writable).copied().collect()
}
