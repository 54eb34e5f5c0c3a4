//! How a service or a cell is doing, and when it is built again after a fault.

use report::State;
use system::{OnLimit, Restart};

use super::arch;

/// How a service or a cell is doing.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    pub(super) state: State,
    pub(super) restarts: u32,
    /// Restarts after faults since its record was last clean.
    pub(super) strikes: u32,
    /// When it was last started, in ticks.
    pub(super) since: u64,
    /// When it is to be built again, in ticks.
    pub(super) due: Option<u64>,
}

impl Health {
    /// That of what was first started at `since`, in ticks.
    pub const fn new(since: u64) -> Self {
        Self { state: State::Starting, restarts: 0, strikes: 0, since, due: None }
    }

    /// It has faulted: the time at which it is to be built again, in ticks, or none if it was too often. The first
    /// restart comes at once, each further one after twice the time. `hz` are ticks in a second.
    pub fn strike(&mut self, policy: Restart, hz: u64) -> Option<u64> {
        let now = arch::ticks();
        if now - self.since > u64::from(policy.clean_after_s) * hz {
            self.strikes = 0;
        }
        self.strikes += 1;
        if self.strikes > policy.limit {
            match policy.on_limit {
                OnLimit::Stop => return None,
            }
        }
        let doubled = |strikes| u64::from(policy.backoff_ms).saturating_mul(2_u64.saturating_pow(strikes));
        let delay_ms = self.strikes.checked_sub(2).map_or(0, doubled);
        Some(now.saturating_add(delay_ms.saturating_mul(hz) / 1_000))
    }
}
