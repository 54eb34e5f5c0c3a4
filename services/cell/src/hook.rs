//! What is attached to hooks: a page that the agent writes and the hooks' owners read.
//!
//! Layout, little-endian: [`HOOK_BYTES`] for each hook, by number. In each: attachments in use `u32 @0`; their order `u64
//! @8`; from byte 64 on [`ATTACHMENTS`] entries of 16 bytes: program `u32 @0` (its slot in the ledger plus one, three times, a byte each,
//! of which two decide: nobody else knows what is attached, should a bit turn; 0: none), epoch `u32 @4` (changes with each attachment), period in ns `u64 @8`.
//!
//! The order is a permutation of all places, four bits each, those in use first: one store changes it, so an owner that
//! comes in between finds each program once. As zeros it is 0, 1, 2...
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use shm::{OutOfBounds, Shm};

/// Attachments that one hook can have.
pub const ATTACHMENTS: usize = 16;
/// Hooks that this system has; their numbers begin with 1.
pub const HOOKS: usize = 3;
/// Bytes of one hook.
pub const HOOK_BYTES: usize = 512;

const ORDER: usize = 8;
const ENTRIES: usize = 64;
const ENTRY: usize = 16;
/// The order 0, 1, 2...
const IN_PLACE: u64 = 0xfedc_ba98_7654_3210;
const _: () = assert!(ENTRIES + ATTACHMENTS * ENTRY <= HOOK_BYTES && HOOKS * HOOK_BYTES <= 4096);

/// One program on a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its slot in the ledger.
    pub program: u32,
    /// Tells this attachment from an earlier one in the same place.
    pub epoch: u32,
    /// For the hook `timer`: time between two events, in ns.
    pub period_ns: u64,
}

/// How an event went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Programs that were called.
    pub called: u64,
    /// Those of them that gave no answer.
    pub failed: u64,
    /// A program took the event: those behind it were not called.
    pub taken: bool,
}

/// One hook's part of the page.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'a> {
    in_use: &'a AtomicU32,
    order: &'a AtomicU64,
    entries: Shm<'a>,
}

impl<'a> Hook<'a> {
    /// The hook of this number, from the page of all.
    ///
    /// # Errors
    /// There is no such hook, or the memory is too small.
    pub fn new(page: Shm<'a>, number: u32) -> Result<Self, OutOfBounds> {
        let index = (number as usize).checked_sub(1).filter(|index| *index < HOOKS).ok_or(OutOfBounds)?;
        let hook = page.slice(index * HOOK_BYTES, HOOK_BYTES)?;
        Ok(Self {
            in_use: hook.u32(0)?,
            order: hook.u64(ORDER)?,
            entries: hook.slice(ENTRIES, ATTACHMENTS * ENTRY)?,
        })
    }

    /// Whether anything is attached: all that an event costs on a hook without programs.
    #[inline]
    pub fn is_armed(&self) -> bool {
        self.in_use.load(Relaxed) != 0
    }

    /// Sends an event to the programs on the hook, in the order in which they were attached. `call` calls the one in a place and
    /// gives its verdict: 0 passes the event on to the next, anything else takes it. A program that gives none (it faulted,
    /// was stopped) passes on.
    pub fn deliver(&self, mut call: impl FnMut(usize) -> Option<u64>) -> Delivery {
        let mut delivery = Delivery::default();
        for place in self.places().filter(|place| self.get(*place).is_some()) {
            delivery.called += 1;
            match call(place) {
                Some(0) => {}
                Some(_) => {
                    delivery.taken = true;
                    break;
                }
                None => delivery.failed += 1,
            }
        }
        delivery
    }

    /// The attachment in place `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<Attachment> {
        let at = index.checked_mul(ENTRY)?;
        let program = vote(self.entries.u32(at).ok()?.load(Acquire));
        Some(Attachment {
            program: program.checked_sub(1)?,
            epoch: self.entries.load(at + 4, 4).ok()? as u32,
            period_ns: self.entries.load(at + 8, 8).ok()?,
        })
    }

    /// All places, in the order in which what they hold was attached; then the empty ones.
    pub fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let order = self.order.load(Acquire) ^ IN_PLACE;
        (0..ATTACHMENTS).map(move |index| (order >> (4 * index)) as usize % ATTACHMENTS)
    }

    /// All attachments with their places, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Attachment)> {
        self.places().filter_map(|place| Some((place, self.get(place)?)))
    }

    /// The place for the next attachment, behind all others, if there is one.
    pub fn free_place(&self) -> Option<usize> {
        let next = self.places().nth(self.iter().count())?;
        self.get(next).is_none().then_some(next)
    }

    /// Attaches `program` in the place that [`Hook::free_place`] gave; takes effect between two events. Gives the place, or
    /// none if there is no such.
    pub fn attach(&self, index: usize, program: u32, period_ns: u64) -> Option<usize> {
        if index >= ATTACHMENTS {
            return None;
        }
        let at = index * ENTRY;
        let epoch = self.entries.u32(at + 4).ok()?;
        epoch.store(epoch.load(Relaxed).wrapping_add(1), Relaxed);
        self.entries.store(at + 8, 8, period_ns).ok()?;
        self.entries.u32(at).ok()?.store(thrice(program + 1), Release);
        self.count();
        Some(index)
    }

    /// Puts another program in the place of the one that is attached there: same epoch, same period, same order.
    pub fn replace(&self, index: usize, program: u32) {
        if self.get(index).is_some()
            && let Ok(word) = self.entries.u32(index * ENTRY)
        {
            word.store(thrice(program + 1), Release);
        }
    }

    /// Takes the attachment in place `index` away; takes effect between two events.
    pub fn detach(&self, index: usize) {
        if index < ATTACHMENTS
            && let Ok(word) = self.entries.u32(index * ENTRY)
        {
            word.store(0, Release);
            let last = self.places().filter(|place| *place != index).chain([index]);
            let order = last.enumerate().fold(0, |order, (i, place)| order | (place as u64) << (4 * i));
            self.order.store(order ^ IN_PLACE, Release);
        }
        self.count();
    }

    fn count(&self) {
        self.in_use.store(self.iter().count() as u32, Release);
    }
}

const _: () = assert!(crate::CELLS < 0xff);

/// A number below 256 in three bytes.
const fn thrice(number: u32) -> u32 {
    number * 0x01_0101
}

/// What two of the three bytes say, bit by bit.
const fn vote(word: u32) -> u32 {
    let (a, b, c) = (word, word >> 8, word >> 16);
    (a & b | b & c | c & a) & 0xff
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn page() -> Vec<AtomicU64> {
        (0..512).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn attachments_come_and_go() {
        let words = page();
        let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
        assert!(!hook.is_armed());
        for program in 0..ATTACHMENTS as u32 {
            let place = hook.free_place().unwrap();
            assert_eq!(hook.attach(place, program, 10), Some(place));
        }
        assert_eq!((hook.free_place(), hook.attach(ATTACHMENTS, 99, 10)), (None, None));
        let before = hook.get(3).unwrap();
        hook.replace(3, 40);
        assert_eq!(hook.get(3), Some(Attachment { program: 40, ..before }), "the epoch stays");
        hook.detach(3);
        hook.replace(3, 41);
        assert_eq!((hook.get(3), hook.free_place()), (None, Some(3)));
        hook.attach(3, 7, 20).unwrap();
        let after = hook.get(3).unwrap();
        assert_eq!((after.program, after.period_ns), (7, 20));
        assert_ne!(after.epoch, before.epoch);
        assert_eq!(hook.iter().last().map(|(place, _)| place), Some(3), "the newest is the last");
        (0..ATTACHMENTS).for_each(|place| hook.detach(place));
        assert!(!hook.is_armed());
        assert_eq!(hook.get(usize::MAX), None);
    }

    #[test]
    fn a_bit_that_turns_attaches_no_other_program() {
        let words = page();
        let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
        let place = hook.attach(hook.free_place().unwrap(), 2, 10).unwrap();
        let (attached, none) = (hook.get(place), hook.get(1));
        assert!(attached.is_some() && none.is_none());
        for (index, known) in [(place, attached), (1, none)] {
            let word = hook.entries.u32(index * ENTRY).unwrap();
            for bit in 0..32 {
                word.fetch_xor(1 << bit, Relaxed);
                assert_eq!(hook.get(index), known, "bit {bit}");
                word.fetch_xor(1 << bit, Relaxed);
            }
        }
    }

    #[test]
    fn programs_run_in_the_order_in_which_they_came_until_one_takes_the_event() {
        let words = page();
        let page = Shm::from_words(&words);
        let hook = Hook::new(page, 2).unwrap();
        for program in [10, 11, 12] {
            hook.attach(hook.free_place().unwrap(), program, 0).unwrap();
        }
        hook.detach(0);
        hook.attach(hook.free_place().unwrap(), 13, 0).unwrap();
        let run = |answers: &dyn Fn(u32) -> Option<u64>| {
            let mut seen = Vec::new();
            let delivery = hook.deliver(|place| {
                seen.push(hook.get(place).unwrap().program);
                answers(*seen.last().unwrap())
            });
            (seen, delivery)
        };
        let all = Delivery { called: 3, failed: 0, taken: false };
        assert_eq!(run(&|_| Some(0)), ([11, 12, 13].to_vec(), all));
        assert_eq!(run(&|_| None), ([11, 12, 13].to_vec(), Delivery { failed: 3, ..all }));
        let taken = Delivery { called: 2, failed: 1, taken: true };
        assert_eq!(run(&|program| (program == 12).then_some(7)), ([11, 12].to_vec(), taken));
        assert!(!Hook::new(page, 1).unwrap().is_armed() && !Hook::new(page, 3).unwrap().is_armed());
    }

    #[test]
    fn there_are_so_many_hooks_and_no_others() {
        let words = page();
        let page = Shm::from_words(&words);
        assert!([0, HOOKS as u32 + 1, u32::MAX].into_iter().all(|number| Hook::new(page, number).is_err()));
        assert!(Hook::new(page.slice(0, 512).unwrap(), 2).is_err());
    }
}
