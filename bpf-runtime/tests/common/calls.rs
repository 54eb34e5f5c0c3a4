//! Programs of functions that get pointers to their callers' stacks at random: they store to them, whole and in part, read
//! them, go from one to the other, and what was stored so is read back and says where memory is accessed.
mod function;

use super::generate::Choice;

/// Slots of the program's frame that are written at its start: of 8 bytes, at -8 to -64. An address of the stack lies below.
const SLOTS: u64 = 8;
const SPILLED: i64 = -72;
/// Numbers that are fine as an index of most memory, and some that are not.
const SMALL: [i64; 8] = [0, 1, 7, 8, 15, 3, 24, 4];
const LARGE: [i64; 6] = [1000, 64, -1, 4096, 70, 0x1_0000];

struct Writer<'c, 'b> {
    c: &'c mut Choice<'b>,
    /// Labels so far.
    labels: usize,
    /// For a hook with packets.
    packet: bool,
}

/// A function's text, and whether it gives back a pointer that it got.
struct Function {
    text: String,
    gives_pointer: bool,
}

/// A program; `packet`: for the hook `xdp`, else for `timer`.
pub fn program(c: &mut Choice<'_>, packet: bool) -> String {
    let mut w = Writer { c, labels: 0, packet };
    let functions = [0, 1, 2].map(|n| w.function(n));
    let context = if packet {
        "r7 = *(u32 *)(r1 + 12)\nr8 = *(u32 *)(r1 + 16)\n"
    } else {
        "r7 = *(u64 *)(r1 + 0)\nr8 = *(u64 *)(r1 + 8)\n"
    };
    let mut text = vec![format!("r6 = r1\n{context}r9 = {}\n", w.small())];
    text.extend((1..=SLOTS).map(|slot| format!("*(u64 *)(r10 - {}) = {}\n", 8 * slot, w.small())));
    text.push(format!("r1 = r10\nr1 += {}\n*(u64 *)(r10 + {SPILLED}) = r1\n", w.slot()));
    let looped = w.c.below(5) == 0;
    if looped {
        text.push("*(u64 *)(r10 - 80) = 0\nagain:\n".to_owned());
    }
    text.extend((0..=w.c.below(3)).map(|_| w.chain(&functions)));
    if looped {
        let turns = 1 + w.c.below(6);
        let count = "r1 = *(u64 *)(r10 - 80)\nr1 += 1\n*(u64 *)(r10 - 80) = r1\n";
        text.push(format!("{count}if r1 < {turns} goto again\n"));
    }
    text.push("out:\nr0 = 0\nexit\n".to_owned());
    text.extend(functions.map(|function| function.text));
    text.concat()
}

impl Writer<'_, '_> {
    fn label(&mut self) -> usize {
        self.labels += 1;
        self.labels
    }

    fn small(&mut self) -> i64 {
        SMALL[self.c.below(8) as usize]
    }

    /// The offset of one of the program's slots.
    fn slot(&mut self) -> i64 {
        -8 * (1 + self.c.below(SLOTS) as i64)
    }

    /// A number, often one that is too large for an index.
    fn number(&mut self) -> i64 {
        if self.c.below(2) == 0 { LARGE[self.c.below(6) as usize] } else { self.small() }
    }

    /// Long enough for the state behind it to be kept.
    fn pause(&mut self) -> String {
        if self.c.below(3) == 0 { String::new() } else { "r0 = 0\n".repeat(8) }
    }

    /// Two ways to a number in r9, by what is in r7 or r8.
    fn choose(&mut self) -> String {
        let (label, outside) = (self.label(), self.c.of(&["7", "8"]));
        let (first, second, limit) = (self.number(), self.number(), self.c.edge() as i32);
        let pause = self.pause();
        format!("r9 = {first}\nif r{outside} > {limit} goto c{label}\nr9 = {second}\nc{label}:\n{pause}")
    }

    /// A call, and what it left behind as an index.
    fn chain(&mut self, functions: &[Function; 3]) -> String {
        let (slot, other, n) = (self.slot(), self.slot(), self.c.below(3) as usize);
        let choose = if self.c.below(4) == 0 { String::new() } else { self.choose() };
        let place = match self.c.below(6) {
            0 => format!("r1 = *(u64 *)(r10 + {SPILLED})\n"),
            1 => format!("r1 = {slot}\nr1 += r10\n"),
            _ => format!("r1 = r10\nr1 += {slot}\n"),
        };
        let third = self.c.of(&["r7", "r8", "r9", "3"]);
        let call = format!("{place}r2 = r9\nr3 = {third}\nr4 = r10\nr4 += {other}\nr5 = r6\ncall f{n}\n");
        let behind = match self.c.below(6) {
            0 | 1 if functions[n].gives_pointer => format!("*(u64 *)(r0 + 0) = {}\n", self.number()),
            0 => "r9 = r0\n".to_owned(),
            2 => self.pause(),
            3 => format!("*(u{} *)(r10 + {other}) = r9\n", self.c.of(&["8", "16", "32", "64"])),
            _ => String::new(),
        };
        let read = if self.c.below(3) == 0 { other } else { slot };
        format!("{choose}{call}{behind}{}", self.read_back(read))
    }

    /// Reads a slot, or a part of it, and accesses memory at the index that it holds.
    fn read_back(&mut self, slot: i64) -> String {
        let (size, at) = self.part();
        let bound = match self.c.below(6) {
            0 => "r3 &= 31\n",
            1 | 2 => "if r3 > 40 goto out\n",
            _ => "",
        };
        let access =
            self.c.of(&["r0 = *(u8 *)(r1 + 0)\n", "*(u8 *)(r1 + 0) = 1\n", "r9 = *(u8 *)(r1 + 0)\n"]);
        let memory = match self.c.below(4) {
            0 => "r1 = r10\nr1 += -64\n",
            1 | 2 if self.packet => {
                "r1 = *(u32 *)(r6 + 0)\nr2 = r1\nr2 += 32\nr4 = *(u32 *)(r6 + 4)\nif r2 > r4 goto out\n"
            }
            _ => "r1 = map[4][0] + 0 ll\n",
        };
        format!("r3 = *({size} *)(r10 + {})\n{bound}{memory}r1 += r3\n{access}", slot + at)
    }

    /// The size of an access to a slot, and the place in it: mostly all of it.
    fn part(&mut self) -> (&'static str, i64) {
        match self.c.below(7) {
            0 => ("u32", 4 * self.c.below(2) as i64),
            1 => ("u16", 2 * self.c.below(4) as i64),
            2 => ("u8", self.c.below(8) as i64),
            3 => ("u32", 0),
            _ => ("u64", 0),
        }
    }
}
