//! What the functions of a program write: a call need not keep the rest.
use alloc::{collections::TryReserveError, vec::Vec};

use super::{Op, relative};

/// The registers that functions may write, bit by bit, of a program of so many slots: `starts` are the functions' first
/// ones, `op` gives a slot's instruction.
///
/// # Errors
/// Memory is out, or those of `op`.
pub(crate) fn written<E: From<TryReserveError>>(
    slots: usize,
    starts: impl Iterator<Item = usize>,
    op: impl Fn(usize) -> Result<Op, E>,
) -> Result<u16, E> {
    let (mut seen, mut pending) = (Vec::new(), Vec::new());
    let mut written = 0;
    for start in starts {
        if seen.is_empty() {
            // Most programs have no function.
            seen.try_reserve_exact(slots)?;
            seen.resize(slots, false);
        }
        push(&mut pending, start)?;
        while let Some(mut at) = pending.pop() {
            while seen.get(at).is_some_and(|seen| !seen) {
                seen[at] = true;
                let op = op(at)?;
                written |= op.written().map_or(0, |register| 1 << register);
                at = match op {
                    Op::Exit | Op::Tail => break,
                    Op::Goto { off } => relative(at, off),
                    Op::Jump { off, .. } => {
                        push(&mut pending, relative(at, off.into()))?;
                        at + 1
                    }
                    _ => at + op.slots(),
                };
            }
        }
    }
    Ok(written)
}

fn push(pending: &mut Vec<usize>, at: usize) -> Result<(), TryReserveError> {
    pending.try_reserve(1)?;
    pending.push(at);
    Ok(())
}
