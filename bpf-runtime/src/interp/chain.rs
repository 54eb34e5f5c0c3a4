//! Tail calls: a program that goes over to another one.
use super::{Code, Env, Outcome, Trap, TrapReason, run};
use crate::map::Map;

/// Tail calls of one run at most: Linux's `MAX_TAIL_CALL_CNT`.
pub const MAX_TAIL_CALLS: u32 = 33;

/// A program that is run, and what belongs to it.
#[derive(Debug)]
pub struct Target<'c, 'a, C: ?Sized> {
    /// Its code.
    pub code: &'c C,
    /// Its maps, numbered as in its code.
    pub maps: &'c [Map<'a>],
    /// The most instructions that it executes, those before and behind tail calls not counted: each program
    /// has its own bound.
    pub fuel: u64,
}

impl<C: ?Sized> Clone for Target<'_, '_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for Target<'_, '_, C> {}

/// The world of a program that may go over to others.
struct Chained<'e, E, F> {
    env: &'e mut E,
    exists: F,
}

impl<E: Env, F: Fn(u32) -> bool> Env for Chained<'_, E, F> {
    fn now_ns(&mut self) -> u64 {
        self.env.now_ns()
    }

    fn random_u32(&mut self) -> u32 {
        self.env.random_u32()
    }

    fn cpu(&mut self) -> u32 {
        self.env.cpu()
    }

    fn trace(&mut self, text: &[u8]) {
        self.env.trace(text);
    }

    fn tail_call(&mut self, number: u32) -> bool {
        (self.exists)(number)
    }
}

/// Runs `first`, and what its tail calls lead to: `program` gives the programs by the numbers in program arrays, only
/// such as were verified for the same hook. A tail call to one that it does not give, or the 34th, goes on
/// behind the call. r1 is the context again in each, the stack a new one. The outcome is that of the last program.
///
/// # Errors
/// As [`run`]; the slot is one of the program that was running.
pub fn run_chain<'c, 'a, C: Code + ?Sized>(
    first: Target<'c, 'a, C>,
    program: impl Fn(u32) -> Option<Target<'c, 'a, C>>,
    context: &[u8],
    env: &mut impl Env,
) -> Result<Outcome, Trap> {
    let mut running = first;
    let mut left = MAX_TAIL_CALLS;
    loop {
        let exists = |number| left > 0 && program(number).is_some();
        let ended =
            run(running.code, context, running.maps, &mut Chained { env: &mut *env, exists }, running.fuel);
        let next = match ended {
            Err(Trap { reason: TrapReason::TailCall { number }, .. }) if left > 0 => program(number),
            _ => None,
        };
        let Some(next) = next else { return ended };
        (running, left) = (next, left - 1);
    }
}
