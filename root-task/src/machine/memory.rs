//! What services share: memory, endpoints, notifications, devices. Made once, kept over restarts, so that the
//! capabilities of everybody else stay good.

use core::ops::Range;

use alloc::vec::Vec;
use caps::Object;
use sel4::{CapRights, ObjectBlueprint, cap, cap_type};
use system::{ROOT, SYSTEM, WATCH_IRQ_BADGE};

use super::{
    arch,
    devices::Devices,
    error::Why,
    objects::{Pool, Slots, at, cap},
};

/// Slots of all that is shared.
#[derive(Debug)]
pub struct Shared {
    /// By place in `SYSTEM.memory`.
    memory: Vec<Range<usize>>,
    /// Device pages.
    mmio: Devices,
    /// By place in `SYSTEM.services`.
    endpoints: Vec<Option<usize>>,
    notifications: Vec<Option<usize>>,
    /// Interrupts and ports: the service that has them, and the object.
    devices: Vec<(usize, Object, usize)>,
    /// Where fault messages arrive, and requests to the root task.
    pub faults: usize,
    /// What services signal to the root task.
    pub signals: usize,
    /// The watchdog's own interrupt, if the board has one.
    pub watch: Option<usize>,
}

/// TCBs of the root task's own: the ticker's and the probe's.
pub const THREADS: usize = 2;

/// Pages that are made from the root task's own untypeds: all shared memory, a page table for the window, TCBs, and a page
/// of small objects.
pub fn pages() -> u64 {
    SYSTEM.memory.iter().map(|memory| memory.pages).sum::<u64>() + 3
}

impl Shared {
    /// Makes memory, endpoints and notifications. `threads` get the TCBs of the root task's own.
    ///
    /// # Errors
    /// The plan promised too little.
    pub fn make(
        pool: &mut Pool,
        slots: &mut Slots,
        threads: Range<usize>,
        mmio: Devices,
    ) -> Result<Self, Why> {
        let mut memory = Vec::new();
        for wanted in SYSTEM.memory {
            let frames = slots.take(wanted.pages as usize)?;
            pool.make(sel4::FrameObjectType::GRANULE.blueprint(), frames.clone())?;
            memory.push(frames);
        }
        // Small objects, the larger first: they share the last page.
        pool.make(ObjectBlueprint::Tcb, threads)?;
        let mut one = |what| -> Result<usize, Why> {
            let slot = slots.take(1)?;
            pool.make(what, slot.clone())?;
            Ok(slot.start)
        };
        let signals = one(ObjectBlueprint::Notification)?;
        let waits = |s: &system::Service| s.waits().then_some(ObjectBlueprint::Notification);
        let serves = |s: &system::Service| s.serves().then_some(ObjectBlueprint::Endpoint);
        let notifications = SYSTEM.services.iter().map(|s| waits(s).map(&mut one).transpose());
        let notifications = notifications.collect::<Result<_, _>>()?;
        let endpoints = SYSTEM.services.iter().map(|s| serves(s).map(&mut one).transpose());
        let endpoints = endpoints.collect::<Result<_, _>>()?;
        let faults = one(ObjectBlueprint::Endpoint)?;
        let devices = Vec::new();
        Ok(Self { memory, mmio, endpoints, notifications, devices, faults, signals, watch: None })
    }

    /// Makes the capabilities of all interrupts and ports that the table grants, and wires interrupts to notifications.
    ///
    /// # Errors
    /// The board has no such device, or the kernel refuses.
    pub fn make_devices(&mut self, slots: &mut Slots) -> Result<(), Why> {
        let mut vector = 0;
        for (index, service) in SYSTEM.services.iter().enumerate() {
            for (_, grant) in service.caps() {
                match grant.object {
                    Object::Irq { badge, .. } => {
                        let handler = slots.take(2)?;
                        arch::device_cap(&grant.object, vector, &at(handler.start))?;
                        vector += 1;
                        let own = self.notifications[index].ok_or(Why::Missing("notification"))?;
                        let badged = handler.start + 1;
                        at(badged).mint(&at(own), CapRights::write_only(), badge)?;
                        cap::<cap_type::IrqHandler>(handler.start)
                            .irq_handler_set_notification(cap(badged))?;
                        self.devices.push((index, grant.object, handler.start));
                    }
                    Object::Ports { .. } => {
                        let slot = slots.take(1)?.start;
                        arch::device_cap(&grant.object, 0, &at(slot))?;
                        self.devices.push((index, grant.object, slot));
                    }
                    _ => {}
                }
            }
        }
        if let Some(line) = platform::PLATFORM.timer.watch_irq() {
            let slots = slots.take(2)?;
            let (handler, badged) = (slots.start, slots.start + 1);
            arch::device_cap(&Object::Irq { line, badge: WATCH_IRQ_BADGE }, vector, &at(handler))?;
            at(badged).mint(&at(self.signals), CapRights::write_only(), WATCH_IRQ_BADGE)?;
            cap::<cap_type::IrqHandler>(handler).irq_handler_set_notification(cap(badged))?;
            self.watch = Some(handler);
        }
        Ok(())
    }

    /// The frames of shared memory or of a device.
    pub fn frames(&self, object: &Object) -> Option<Range<usize>> {
        match object {
            Object::Memory { .. } => self.memory.get(SYSTEM.find_memory(object)?).cloned(),
            Object::Mmio { paddr, pages } => {
                // Pages of one device were made one after the other, but not in neighbouring slots.
                let first = self.mmio.frame(*paddr)?;
                (*pages == 1).then_some(first..first + 1)
            }
            _ => None,
        }
    }

    /// The frames of the shared memory `name` of `of`.
    pub fn memory(&self, of: &'static str, name: &'static str) -> Result<Range<usize>, Why> {
        self.frames(&Object::Memory { of, name }).ok_or(Why::Missing(name))
    }

    /// The capability that is minted or copied for a grant to service `index`.
    pub fn object(&self, index: usize, object: &Object) -> Option<usize> {
        match object {
            Object::Endpoint { of, .. } if *of == ROOT => Some(self.faults),
            Object::Endpoint { of, .. } => self.endpoints[SYSTEM.find(of)?],
            Object::Notification { of, .. } if *of == ROOT => Some(self.signals),
            Object::Notification { of, .. } => self.notifications[SYSTEM.find(of)?],
            Object::Irq { line, .. } => {
                self.device(index, |other| matches!(other, Object::Irq { line: its, .. } if its == line))
            }
            Object::Ports { first, .. } => {
                self.device(index, |other| matches!(other, Object::Ports { first: its, .. } if its == first))
            }
            Object::Memory { .. } | Object::Mmio { .. } | Object::Cells { .. } => None,
        }
    }

    fn device(&self, index: usize, same: impl Fn(&Object) -> bool) -> Option<usize> {
        self.devices
            .iter()
            .find(|(owner, object, _)| *owner == index && same(object))
            .map(|(_, _, slot)| *slot)
    }

    /// The notification of service `index`.
    pub fn notification(&self, index: usize) -> Option<usize> {
        self.notifications[index]
    }

    /// The notification of the service with this name.
    pub fn notification_of(&self, name: &str) -> Option<cap::Notification> {
        self.notifications[SYSTEM.find(name)?].map(cap)
    }
}
