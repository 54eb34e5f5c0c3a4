//! Those who call a server that is down: what they ask is answered with an error, by the root task.

use caps::{Kind, Object};
use report::counters::{CALL_FAILED, PENDING_CALL};
use system::SYSTEM;

use super::{arch, supervise::System};

impl System {
    /// Sends the calls of service `server` to the root task while it is down, and back to it afterwards.
    pub(super) fn redirect_callers(&self, server: usize, down: bool) {
        for unit in self.units.iter().filter(|unit| unit.index != server) {
            if let Err(error) = unit.redirect(&self.shared, server, down) {
                log::error!("{error}");
            }
        }
    }

    /// Calls that wait for service `server` will not be answered by it: their callers get an error.
    pub(super) fn answer_callers(&self, server: usize) {
        let name = SYSTEM.services[server].name;
        for (unit, page) in self.units.iter().zip(&self.calls) {
            let pending = page.load(PENDING_CALL, 8).unwrap_or(0);
            let (cptr, address) = (pending >> 32, pending & 0xffff_ffff);
            let called = unit.service.caps().any(|(need, grant)| {
                matches!(need.kind, Kind::Call(slot, _) if slot.cptr() == cptr)
                    && matches!(grant.object, Object::Endpoint { of, .. } if of == name)
            });
            if pending == 0 || !called || unit.service.name == name {
                continue;
            }
            let Ok(mut context) = unit.tcb().tcb_read_all_registers(true) else { continue };
            let completed = arch::complete_call(&mut context, address, CALL_FAILED)
                && unit.tcb().tcb_write_all_registers(true, &context).is_ok();
            if completed {
                log::warn!("{}: its call of {name} failed", unit.service.name);
            } else {
                // It was not in the call, or not yet: it goes on where it was.
                let _ = unit.tcb().tcb_resume();
            }
        }
    }
}

/// Answers a Call of a server that is down.
pub fn refuse() {
    sel4::reply(sel4::MessageInfoBuilder::default().label(CALL_FAILED).build());
}
