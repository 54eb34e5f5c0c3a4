//! Domains that take turns at every access to shared memory, and that may end at any: for the tests. One turn at a
//! time, so what is tried out is every order of accesses, not how a machine reorders them.
extern crate std;
use std::{
    boxed::Box,
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    vec::Vec,
};

/// What a domain does.
pub type Work<'a> = Box<dyn FnOnce() + Send + 'a>;

/// What the schedule does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This domain does one step.
    Step(usize),
    /// This domain ends where it is.
    Kill(usize),
}

/// A domain was killed: not a failure.
struct Killed;

/// The scheduled side of a domain: `true` lets it go on, `false` ends it.
struct Domain {
    go: Receiver<bool>,
    stopped: Sender<bool>,
}

std::thread_local! {
    static DOMAIN: RefCell<Option<Domain>> = const { RefCell::new(None) };
}

/// Waits for the next turn; without a schedule it goes on.
pub fn step() {
    let alive = DOMAIN.with_borrow(|domain| {
        domain.as_ref().is_none_or(|domain| {
            let waiting = domain.stopped.send(false);
            waiting.is_ok() && domain.go.recv().unwrap_or(false)
        })
    });
    if !alive {
        resume_unwind(Box::new(Killed));
    }
}

fn live(work: Work<'_>, domain: Domain) {
    let stopped = domain.stopped.clone();
    DOMAIN.set(Some(domain));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        step();
        work();
    }));
    DOMAIN.set(None);
    let _ = stopped.send(true);
    if let Err(why) = ended
        && !why.is::<Killed>()
    {
        resume_unwind(why);
    }
}

/// Runs the domains to their ends; `choose` gets the numbers of those that still live. Gives the turns taken.
pub fn run(work: Vec<Work<'_>>, mut choose: impl FnMut(&[usize]) -> Turn) -> usize {
    thread::scope(|scope| {
        let mut domains = Vec::new();
        for work in work {
            let (go, went) = channel();
            let (stop, stopped) = channel();
            scope.spawn(move || live(work, Domain { go: went, stopped: stop }));
            assert_eq!(stopped.recv(), Ok(false), "waits for its first turn");
            domains.push((go, stopped));
        }
        let mut alive: Vec<usize> = (0..domains.len()).collect();
        let mut turns = 0;
        while !alive.is_empty() {
            let (on, number) = match choose(&alive) {
                Turn::Step(number) => (true, number),
                Turn::Kill(number) => (false, number),
            };
            let (go, stopped) = &domains[number];
            go.send(on).expect("it waits");
            turns += 1;
            if stopped.recv().unwrap_or(true) {
                alive.retain(|other| *other != number);
            }
        }
        turns
    })
}

/// A choice of turns from a seed; `kill` ends that domain after so many of its turns.
pub fn random(seed: u64, kill: Option<(usize, usize)>) -> impl FnMut(&[usize]) -> Turn {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut left = kill;
    move |alive| {
        // xorshift64 (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let number = alive[(state >> 33) as usize % alive.len()];
        match &mut left {
            Some((victim, 0)) if *victim == number => {
                left = None;
                Turn::Kill(number)
            }
            Some((victim, turns)) if *victim == number => {
                *turns -= 1;
                Turn::Step(number)
            }
            _ => Turn::Step(number),
        }
    }
}
