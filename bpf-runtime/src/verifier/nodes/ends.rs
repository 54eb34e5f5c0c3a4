//! How paths end, and after how many instructions.

/// Loops that are proven as a whole and nested in each other.
pub const NEST: usize = 4;
/// Kinds of ends of a path: the program's exit, and, of the loops that are proven as a whole by their depth, the turn
/// and the way out.
pub const KINDS: usize = 2 * NEST + 1;
pub const EXIT: usize = 0;

pub const fn turn_of(depth: usize) -> usize {
    2 * depth - 1
}

pub const fn way_out_of(depth: usize) -> usize {
    2 * depth
}

/// The most instructions until each kind of end. 0: no path ends there. `u64::MAX`: no bound.
pub type Ends = [u64; KINDS];

/// A path that ends one way, so many instructions on.
pub const fn ends(kind: usize, after: u64) -> Ends {
    let mut ends = [0; KINDS];
    ends[kind] = after;
    ends
}

/// All kinds of ends, so many instructions earlier.
pub fn later(ends: Ends, by: u64) -> Ends {
    ends.map(|after| if after == 0 { 0 } else { after.saturating_add(by) })
}
