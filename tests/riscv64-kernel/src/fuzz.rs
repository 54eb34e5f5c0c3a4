//! Random invocations of memory objects. The kernel must survive them (a debug kernel checks its assertions); after all
//! was revoked nothing may be left mapped.

use sel4::Word;
use sel4::sys::{self, invocation_label as label};

use crate::agent::{Agent, Op, VM_FAULT, agent_code};
use crate::asid::make_pool;
use crate::kernel::{assign, error, map, map_table, now, remap, unmap, unmap_table};
use crate::report::{check as checked, line};
use crate::task::{ASID_POOL, CNODE, Task, VSPACE, copy_to, delete, revoke};

/// Slots that the invocations work on.
const SLOTS: Word = 64;
const IN_A_ROUND: u64 = 1_000;
/// Rounds, when the build does not say.
const ROUNDS: u64 = 100;

/// xorshift64* (Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % limit
    }
}

/// A number that the build was given.
fn given(text: Option<&str>) -> Option<u64> {
    text?.parse().ok()
}

/// One of 192 addresses in three gibibytes.
const fn address(gib: u64, page: u64) -> Word {
    0x4000_0000 + (gib << 30) + (page >> 5 << 21) + ((page & 31) << 12)
}

struct Fuzzer {
    random: Random,
    /// First of the slots.
    base: Word,
    /// What objects are made of.
    memory: Word,
}

impl Fuzzer {
    fn slot(&mut self) -> Word {
        self.base + self.random.below(SLOTS)
    }

    fn address(&mut self) -> Word {
        let place = address(self.random.below(3), self.random.below(64));
        match self.random.below(12) {
            0 => self.random.below(1 << 62) << 2,
            1 => place + self.random.below(4096),
            _ => place,
        }
    }

    /// One invocation; gives its label and error.
    fn step(&mut self) -> (Word, Word) {
        let (cap, other) = (self.slot(), self.slot());
        let vspace = if self.random.below(3) > 0 { VSPACE } else { other };
        let address = self.address();
        let (rights, attributes) = (self.random.below(8), self.random.below(2));
        match self.random.below(16) {
            0..=3 => (label::UntypedRetype, self.retype(cap)),
            4 if self.random.below(3) == 0 => (label::CNodeDelete, delete(cap)),
            5 if self.random.below(20) == 0 => (label::CNodeRevoke, revoke(cap)),
            6 => (label::CNodeCopy, copy_to(other, cap, rights)),
            7 => (label::RISCVASIDPoolAssign, assign(ASID_POOL, cap)),
            8 if self.random.below(8) == 0 => (label::RISCVASIDControlMakePool, make_pool(cap, other)),
            8 => (label::RISCVASIDPoolAssign, assign(cap, other)),
            9 | 10 => (label::RISCVPageMap, map(cap, vspace, address, rights, attributes)),
            11 | 12 => (label::RISCVPageTableMap, map_table(cap, vspace, address)),
            13 => match self.random.below(3) {
                0 => (label::RISCVPageUnmap, unmap(cap)),
                1 => (label::RISCVPageTableUnmap, unmap_table(cap)),
                _ => (label::RISCVPageGetAddress, error(cap, label::RISCVPageGetAddress, &[], &[])),
            },
            14 => (label::RISCVPageRemap, remap(cap, vspace, rights, attributes)),
            _ => {
                let any = label::RISCVPageTableMap + self.random.below(10);
                error(cap, any, &[other, vspace], &[address, rights, attributes]);
                (0, 1)
            }
        }
    }

    fn retype(&mut self, to: Word) -> Word {
        const KINDS: [Word; 8] = [
            sys::seL4_RISCV_4K_Page,
            sys::seL4_RISCV_4K_Page,
            sys::seL4_RISCV_4K_Page,
            sys::seL4_RISCV_PageTableObject,
            sys::seL4_RISCV_PageTableObject,
            sys::seL4_RISCV_PageTableObject,
            sys::seL4_RISCV_Mega_Page,
            sys::seL4_UntypedObject,
        ];
        let kind = KINDS[self.random.below(8) as usize];
        let bits = 12 + 4 * self.random.below(2);
        error(self.memory, label::UntypedRetype, &[CNODE], &[kind, bits, 0, 0, to, 1])
    }
}

/// Fuzzes, then looks for what is left.
pub fn check(task: &mut Task) {
    let seed = given(option_env!("HYPOS_FUZZ_SEED")).unwrap_or_else(now) | 1;
    let rounds = given(option_env!("HYPOS_FUZZ_ROUNDS")).unwrap_or(ROUNDS);
    line(format_args!("note the fuzzer's seed is {seed}: HYPOS_FUZZ_SEED={seed} HYPOS_FUZZ_ROUNDS={rounds}"));
    let base = task.mark();
    task.back_to(base + SLOTS);
    let memory = task.make_from(task.large, sys::seL4_UntypedObject, 22);
    let mut fuzzer = Fuzzer { random: Random(seed), base, memory };
    let (mut done, mut good, mut revokes) = (0_u64, [0_u64; 64], 0);
    for _ in 0..rounds {
        for _ in 0..IN_A_ROUND {
            let (label, error) = fuzzer.step();
            done += 1;
            good[label as usize] += u64::from(error == 0);
        }
        revokes += revoke(memory);
    }
    checked("all can be revoked", revokes, 0);
    for cap in base..base + SLOTS {
        delete(cap);
    }
    line(format_args!("note {done} invocations; by label, how many succeeded:"));
    for (label, count) in good.iter().enumerate().filter(|(_, count)| **count > 0) {
        line(format_args!("note   label {label}: {count}"));
    }
    let every = [
        label::UntypedRetype,
        label::CNodeDelete,
        label::CNodeRevoke,
        label::CNodeCopy,
        label::RISCVPageTableMap,
        label::RISCVPageTableUnmap,
        label::RISCVPageMap,
        label::RISCVPageRemap,
        label::RISCVPageUnmap,
        label::RISCVPageGetAddress,
        label::RISCVASIDControlMakePool,
        label::RISCVASIDPoolAssign,
    ];
    checked("each kind succeeded now and then", every.map(|label| good[label as usize] > 0), [true; 12]);
    nothing_is_left(task);
}

fn nothing_is_left(task: &mut Task) {
    let agent = Agent::new(task, VSPACE, agent_code().0);
    let mut left = 0;
    for gib in 0..3 {
        for page in 0..64 {
            left += u32::from(agent.ask(Op::Read, address(gib, page), 0).label != VM_FAULT);
            agent.restart();
        }
    }
    checked("nothing is left mapped", left, 0);
    let table = task.table();
    checked("ASIDs are left", assign(ASID_POOL, table), 0);
}
