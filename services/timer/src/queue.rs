//! To come.
/// Shortest period, in ns.
pub const MIN_PERIOD_NS: u64 = 100_000;
