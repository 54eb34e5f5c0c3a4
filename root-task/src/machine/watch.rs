//! The watchdog: looks ten times a second whether cells answer and services show signs of life, and asks all services
//! for one. That makes good for lost signals, too: a service that is asked looks at all that could have come.
//!
//! It is called by an interrupt of its own where the board has one, which the timer service only sets up, and else by that
//! service.

use core::ops::Range;

use alloc::vec::Vec;
use caps::standard::LOOK;
use sel4::{CapRights, cap, cap_type};
use system::ROOT;

use super::{
    arch,
    error::At,
    objects::{at, cap as cap_in},
    probe::Probe,
    supervise::System,
    watch_services::Seen,
};

/// Time between two looks: `timer::WATCH_NS`.
pub(super) const LOOK_MS: u32 = 100;

/// What was seen of the services.
#[derive(Debug)]
pub struct Watch {
    pub(super) services: Vec<Seen>,
    /// Cells that ran, though nobody called them: bit by bit.
    pub(super) astray: u64,
    /// A cell was stopped since the last look: that and building it again go before all services, and may have kept them from
    /// running.
    pub(super) disturbed: bool,
    /// Runs just above a service that shows no sign of life, if anything there can.
    pub(super) probe: Probe,
    /// That service, since the last look.
    pub(super) asked: Option<usize>,
    /// Capabilities that set [`LOOK`] in each service's notification, made at the first look.
    pokes: Range<usize>,
    poked: bool,
    /// When the last look was, in ticks.
    last: u64,
}

impl Watch {
    /// Nothing was seen yet; there is a slot in `pokes` for each of `services` services.
    pub fn new(pokes: Range<usize>, services: usize, probe: Probe) -> Self {
        Self {
            services: alloc::vec![Seen::default(); services],
            astray: 0,
            disturbed: false,
            probe,
            asked: None,
            pokes,
            poked: false,
            last: 0,
        }
    }
}

impl System {
    /// The watchdog was called, by its own interrupt or by the timer service.
    pub(super) fn look(&mut self, own: bool) {
        if let Some(irq) = self.shared.watch {
            // Also if it did not come: what the other one is for.
            if let Err(why) = cap_in::<cap_type::IrqHandler>(irq).irq_handler_ack().at(ROOT, "acknowledge") {
                log::error!("{why}");
            }
            if !own {
                return;
            }
        }
        // An interrupt may come twice (QEMU's periodic comparator, `hw/timer/hpet.c`, fires again where the counter stands at
        // it exactly): two looks in a row would see nobody move.
        let now = arch::ticks();
        if now.saturating_sub(self.watch.last) < self.hz / 1_000 * u64::from(LOOK_MS) * 3 / 4 {
            return;
        }
        self.watch.last = now;
        self.watch_cells();
        self.watch_services();
        // Should the ticker's signal have been lost.
        self.restart_due();
        self.cells_due();
        if let Err(why) = self.poke().at(ROOT, "ask for signs of life") {
            log::error!("{why}");
        }
    }

    fn poke(&mut self) -> Result<(), sel4::Error> {
        for (index, slot) in self.watch.pokes.clone().enumerate() {
            let Some(notification) = self.shared.notification(index) else { continue };
            if !self.watch.poked {
                at(slot).mint(&at(notification), CapRights::write_only(), LOOK)?;
            }
            cap::Notification::from_bits(slot as u64).signal();
        }
        self.watch.poked = true;
        Ok(())
    }
}
