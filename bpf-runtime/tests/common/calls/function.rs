//! The functions: r6 and r9 are pointers to the caller's stack, r7 and r8 numbers.
use super::{Function, Writer};

const ATOMICS: &[&str] = &[
    "lock P += r7\n",
    "lock P ^= r7\n",
    "r7 = atomic_fetch_add(P, r7)\n",
    "r7 = xchg(P, r7)\n",
    "r0 = 3\nr0 = cmpxchg(P, r0, r7)\n",
];
const ARITHMETIC: &[&str] =
    &["r7 += 1\n", "r7 &= 31\n", "r7 <<= 1\n", "w7 = w7\n", "r7 = -r7\n", "r7 += r8\n", "r7 ^= 3\n"];
/// What is done with a value that was found.
const FOUND: &[&str] =
    &["r7 = *(u32 *)(r0 + 0)\n", "*(u64 *)(r0 + 0) = r7\n", "r7 = *(u64 *)(r0 + 8)\nr7 &= 15\n"];

impl Writer<'_, '_> {
    pub(super) fn function(&mut self, n: u64) -> Function {
        let mut text = vec![format!(
            "f{n}:\nr6 = r1\nr7 = r2\nr8 = r3\nr9 = r4\n*(u64 *)(r10 - 8) = {}\n*(u64 *)(r10 - 16) = r7\n\
             *(u64 *)(r10 - 24) = r6\n*(u64 *)(r10 - 32) = r5\n",
            self.small()
        )];
        for _ in 0..=self.c.below(3) {
            let action = self.action(n);
            text.push(if self.c.below(5) == 0 {
                let (label, limit, by) = (self.label(), self.c.edge() as i32, self.c.of(&["7", "8"]));
                format!("if r{by} > {limit} goto s{label}\n{action}s{label}:\n{}", self.pause())
            } else {
                action
            });
        }
        let gives_pointer = self.c.below(4) == 0;
        let result = self.c.of(if gives_pointer { &["r6", "r9"] } else { &["0", "r7"] });
        text.push(format!("r0 = {result}\nexit\n"));
        Function { text: text.concat(), gives_pointer }
    }

    /// A pointer to a stack into r4: the function's own, its caller's, or one of both by r8.
    fn pointer(&mut self) -> String {
        let (own, caller) = (self.c.of(&["-8", "-16"]), self.c.of(&["r6", "r6", "r9"]));
        let (label, pause, limit) = (self.label(), self.pause(), self.c.edge() as i32);
        match self.c.below(8) {
            0 => format!("r4 = r10\nr4 += {own}\n"),
            1 | 2 => format!(
                "r4 = r10\nr4 += {own}\nif r8 > {limit} goto j{label}\nr4 = {caller}\nj{label}:\n{pause}"
            ),
            3 => format!("{pause}r4 = *(u64 *)(r10 - 24)\n"),
            4 => format!("*(u64 *)(r10 - 24) = {caller}\n{pause}r4 = *(u64 *)(r10 - 24)\n"),
            5 => format!(
                "r4 = {own}\nr4 += r10\nr5 = r4\nif r8 s> 3 goto j{label}\nr5 = {caller}\nj{label}:\n{pause}r4 = r5\n"
            ),
            _ => format!("r4 = {caller}\n"),
        }
    }

    fn action(&mut self, function: u64) -> String {
        let (pointer, (size, at)) = (self.pointer(), self.part());
        let number = self.c.of(&["r7", "r7", "r7", "r7", "r8", "5"]);
        let act = match self.c.below(13) {
            0..=3 => format!("*({size} *)(r4 + {at}) = {number}\n"),
            4 => format!("r7 = *({size} *)(r4 + {at})\n"),
            5 => {
                let size = self.c.of(&["u32", "u64"]);
                self.c.of(ATOMICS).replace('P', &format!("*({size} *)(r4 + 0)"))
            }
            6 => return self.c.of(ARITHMETIC).to_owned(),
            7 if self.packet => {
                let (len, by) = (1 + self.c.below(8), self.c.below(4));
                format!("r1 = *(u64 *)(r10 - 32)\nr2 = {by}\nr3 = r4\nr4 = {len}\ncall xdp_load_bytes\n")
            }
            7 | 8 => {
                let (label, then) = (self.label(), self.c.of(FOUND));
                format!(
                    "r2 = r4\nr1 = map[0] ll\ncall map_lookup_elem\nif r0 == 0 goto n{label}\n{then}n{label}:\n"
                )
            }
            9 => {
                let (map, what) = (self.c.of(&["0", "0", "10"]), self.c.of(&["update", "delete"]));
                format!("r1 = map[{map}] ll\nr2 = r4\nr3 = r10\nr3 += -16\nr4 = 0\ncall map_{what}_elem\n")
            }
            10 => {
                let (label, turns) = (self.label(), 1 + self.c.below(8));
                format!(
                    "r5 = 0\nt{label}:\n*(u8 *)(r4 + 0) = {number}\nr4 += 1\nr5 += 1\nif r5 < {turns} goto t{label}\n"
                )
            }
            _ if function < 2 => {
                let (second, third) = (self.c.of(&["r7", "r7", "r8", "5"]), self.c.of(&["r7", "r8"]));
                format!(
                    "r1 = r4\nr2 = {second}\nr3 = {third}\nr4 = r9\nr5 = *(u64 *)(r10 - 32)\ncall f{}\n",
                    function + 1
                )
            }
            _ => format!("r5 = *({size} *)(r6 + {at})\n*({size} *)(r4 + {at}) = r5\n"),
        };
        format!("{pointer}{act}")
    }
}
