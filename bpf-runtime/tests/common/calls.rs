//! Programs of functions that get pointers to their callers' stacks at random: they store to them, whole and in part, read
//! them, go from one to the other, and what was stored so is read back and says where memory is accessed.
use super::generate::Choice;

/// Own slots of the program's frame that are written at its start: of 8 bytes, at -8 to -64. Addresses of the stack lie below.
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

/// A program; `packet`: for the hook `xdp`, else for `timer`.
pub fn program(c: &mut Choice<'_>, packet: bool) -> String {
    let mut w = Writer { c, labels: 0, packet };
    let functions: Vec<(String, bool)> = (0..3).rev().map(|n| w.function(n)).collect();
    let gives_pointer = |n: usize| functions[2 - n].1;
    let (r7, r8) =
        if packet { ("u32 *)(r1 + 12", "u32 *)(r1 + 16") } else { ("u64 *)(r1 + 0", "u64 *)(r1 + 8") };
    let mut text = format!("r6 = r1\nr7 = *({r7})\nr8 = *({r8})\nr9 = {}\n", w.small());
    for slot in 1..=SLOTS {
        text.push_str(&format!("*(u64 *)(r10 - {}) = {}\n", 8 * slot, w.small()));
    }
    text.push_str(&format!("r1 = r10\nr1 += {}\n*(u64 *)(r10 + {SPILLED}) = r1\n", w.slot()));
    let looped = w.c.below(5) == 0;
    if looped {
        text.push_str("*(u64 *)(r10 - 80) = 0\nagain:\n");
    }
    for _ in 0..=w.c.below(3) {
        text.push_str(&w.chain(&gives_pointer));
    }
    if looped {
        let turns = 1 + w.c.below(6);
        text.push_str(&format!(
            "r1 = *(u64 *)(r10 - 80)\nr1 += 1\n*(u64 *)(r10 - 80) = r1\nif r1 < {turns} goto again\n"
        ));
    }
    text.push_str("out:\nr0 = 0\nexit\n");
    text.extend(functions.into_iter().map(|(text, _)| text));
    text
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

    /// A number, now and then one that is too large for an index.
    fn number(&mut self) -> i64 {
        if self.c.below(2) == 0 { LARGE[self.c.below(6) as usize] } else { self.small() }
    }

    /// Long enough for the state behind it to be kept.
    fn pause(&mut self) -> String {
        if self.c.below(3) == 0 { String::new() } else { "r0 = 0\n".repeat(8) }
    }

    /// Two ways to a number in `register`, by what is in r7 or r8.
    fn choose(&mut self, register: u8) -> String {
        let (label, outside) = (self.label(), self.c.of(&["7", "8"]));
        let (first, second, limit) = (self.number(), self.number(), self.c.edge() as i32);
        let pause = self.pause();
        format!(
            "r{register} = {first}\nif r{outside} > {limit} goto c{label}\nr{register} = {second}\nc{label}:\n{pause}"
        )
    }

    /// A call, and what it left behind as an index.
    fn chain(&mut self, gives_pointer: &dyn Fn(usize) -> bool) -> String {
        let (slot, other, n) = (self.slot(), self.slot(), self.c.below(3) as usize);
        let mut text = if self.c.below(4) == 0 { String::new() } else { self.choose(9) };
        let place = match self.c.below(6) {
            0 => format!("r1 = *(u64 *)(r10 + {SPILLED})\n"),
            1 => format!("r1 = {slot}\nr1 += r10\n"),
            _ => format!("r1 = r10\nr1 += {slot}\n"),
        };
        let third = self.c.of(&["r3 = r7\n", "r3 = r8\n", "r3 = r9\n", "r3 = 3\n"]);
        text.push_str(&format!("{place}r2 = r9\n{third}r4 = r10\nr4 += {other}\nr5 = r6\ncall f{n}\n"));
        match self.c.below(6) {
            0 | 1 if gives_pointer(n) => text.push_str(&format!("*(u64 *)(r0 + 0) = {}\n", self.number())),
            0 if !gives_pointer(n) => text.push_str("r9 = r0\n"),
            2 => text.push_str(&self.pause()),
            3 => {
                text.push_str(&format!("*(u{} *)(r10 + {other}) = r9\n", self.c.of(&["8", "16", "32", "64"])))
            }
            _ => {}
        }
        let read = if self.c.below(3) == 0 { other } else { slot };
        text.push_str(&self.read_back(read));
        text
    }

    /// Reads a slot, or a part of it, and accesses memory at the index that it holds.
    fn read_back(&mut self, slot: i64) -> String {
        let (size, at) = self.part();
        let bound = match self.c.below(6) {
            0 => "r3 &= 31\n".to_owned(),
            1 | 2 => "if r3 > 40 goto out\n".to_owned(),
            _ => String::new(),
        };
        let access =
            self.c.of(&["r0 = *(u8 *)(r1 + 0)\n", "*(u8 *)(r1 + 0) = 1\n", "r9 = *(u8 *)(r1 + 0)\n"]);
        let memory = match self.c.below(4) {
            0 => "r1 = r10\nr1 += -64\n".to_owned(),
            1 | 2 if self.packet => {
                "r1 = *(u32 *)(r6 + 0)\nr2 = r1\nr2 += 32\nr4 = *(u32 *)(r6 + 4)\nif r2 > r4 goto out\n"
                    .to_owned()
            }
            _ => "r1 = map[4][0] + 0 ll\n".to_owned(),
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

    /// A function: r6 is a pointer to its caller's stack, as is r9; r7 and r8 are numbers. Whether it gives a pointer back.
    fn function(&mut self, n: u64) -> (String, bool) {
        let mut text = format!("f{n}:\nr6 = r1\nr7 = r2\nr8 = r3\nr9 = r4\n");
        text.push_str(&format!("*(u64 *)(r10 - 8) = {}\n*(u64 *)(r10 - 16) = r7\n", self.small()));
        text.push_str("*(u64 *)(r10 - 24) = r6\n*(u64 *)(r10 - 32) = r5\n");
        for _ in 0..=self.c.below(3) {
            let action = self.action(n);
            if self.c.below(5) == 0 {
                let (label, limit) = (self.label(), self.c.edge() as i32);
                let pause = self.pause();
                text.push_str(&format!(
                    "if r{} > {limit} goto s{label}\n{action}s{label}:\n{pause}",
                    self.c.of(&["7", "8"])
                ));
            } else {
                text.push_str(&action);
            }
        }
        let gives_pointer = self.c.below(4) == 0;
        text.push_str(if gives_pointer {
            self.c.of(&["r0 = r6\nexit\n", "r0 = r9\nexit\n"])
        } else {
            self.c.of(&["r0 = 0\nexit\n", "r0 = r7\nexit\n"])
        });
        (text, gives_pointer)
    }

    /// A pointer to a stack into r4: the function's own, its caller's, or one of both by r8.
    fn pointer(&mut self) -> String {
        let (own, caller) = (self.c.of(&["-8", "-16"]), self.c.of(&["r6", "r6", "r9"]));
        let label = self.label();
        let pause = self.pause();
        match self.c.below(8) {
            0 => format!("r4 = r10\nr4 += {own}\n"),
            1 | 2 => {
                let limit = self.c.edge() as i32;
                format!(
                    "r4 = r10\nr4 += {own}\nif r8 > {limit} goto j{label}\nr4 = {caller}\nj{label}:\n{pause}"
                )
            }
            3 => format!("{pause}r4 = *(u64 *)(r10 - 24)\n"),
            4 => format!("*(u64 *)(r10 - 24) = {caller}\n{pause}r4 = *(u64 *)(r10 - 24)\n"),
            5 => format!(
                "r4 = {own}\nr4 += r10\nr5 = r4\nif r8 s> 3 goto j{label}\nr5 = {caller}\nj{label}:\n{pause}r4 = r5\n"
            ),
            _ => format!("r4 = {caller}\n"),
        }
    }

    fn action(&mut self, function: u64) -> String {
        let pointer = self.pointer();
        let (size, at) = self.part();
        let number = self.c.of(&["r7", "r7", "r7", "r8", "5", "r2"]);
        let number = if number == "r2" { "r7" } else { number };
        let act = match self.c.below(13) {
            0..=3 => format!("*({size} *)(r4 + {at}) = {number}\n"),
            4 => format!("r7 = *({size} *)(r4 + {at})\n"),
            5 => {
                let size = self.c.of(&["u32", "u64"]);
                let what = self.c.of(&[
                    "lock P += r7\n",
                    "lock P ^= r7\n",
                    "r7 = atomic_fetch_add(P, r7)\n",
                    "r7 = xchg(P, r7)\n",
                    "r0 = 3\nr0 = cmpxchg(P, r0, r7)\n",
                ]);
                what.replace('P', &format!("*({size} *)(r4 + 0)"))
            }
            6 => self
                .c
                .of(&[
                    "r7 += 1\n",
                    "r7 &= 31\n",
                    "r7 <<= 1\n",
                    "w7 = w7\n",
                    "r7 = -r7\n",
                    "r7 += r8\n",
                    "r7 ^= 3\n",
                ])
                .to_owned(),
            7 if self.packet => {
                let (len, by) = (1 + self.c.below(8), self.c.below(4));
                format!("r1 = *(u64 *)(r10 - 32)\nr2 = {by}\nr3 = r4\nr4 = {len}\ncall xdp_load_bytes\n")
            }
            7 | 8 => {
                let label = self.label();
                let then = self.c.of(&[
                    "r7 = *(u32 *)(r0 + 0)\n",
                    "*(u64 *)(r0 + 0) = r7\n",
                    "r7 = *(u64 *)(r0 + 8)\nr7 &= 15\n",
                ]);
                format!(
                    "r2 = r4\nr1 = map[0] ll\ncall map_lookup_elem\nif r0 == 0 goto n{label}\n{then}n{label}:\n"
                )
            }
            9 => format!(
                "r1 = map[{}] ll\nr2 = r4\nr3 = r10\nr3 += -16\nr4 = 0\ncall map_{}_elem\n",
                self.c.of(&["0", "0", "10"]),
                self.c.of(&["update", "delete"])
            ),
            10 => {
                let (label, turns) = (self.label(), 1 + self.c.below(8));
                format!(
                    "r5 = 0\nt{label}:\n*(u8 *)(r4 + 0) = {number}\nr4 += 1\nr5 += 1\nif r5 < {turns} goto t{label}\n"
                )
            }
            _ if function < 2 => {
                let second = self.c.of(&["r7", "r7", "r8", "5"]);
                let third = self.c.of(&["r7", "r8"]);
                format!(
                    "r1 = r4\nr2 = {second}\nr3 = {third}\nr4 = r9\nr5 = *(u64 *)(r10 - 32)\ncall f{}\n",
                    function + 1
                )
            }
            _ => format!("r5 = *({size} *)(r6 + {at})\n*({size} *)(r4 + {at}) = r5\n"),
        };
        if act.contains("r4") { format!("{pointer}{act}") } else { act }
    }
}
