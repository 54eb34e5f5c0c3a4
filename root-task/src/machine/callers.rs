//! Those who call a server that is down: what they ask is answered with an error, by the root task.

use caps::{Kind, Object};
use report::counters::{CALL_FAILED, CALLS, PENDING_CALL, TURNS};
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
        for index in (0..self.units.len()).filter(|index| *index != server) {
            let calls = |cptr: u64| {
                self.units[index].service.caps().any(|(need, grant)| {
                    matches!(need.kind, Kind::Call(slot, _) if slot.cptr() == cptr)
                        && matches!(grant.object, Object::Endpoint { of, .. } if of == name)
                })
            };
            if self.fail_call(index, calls) {
                log::warn!("{}: its call of {name} failed", SYSTEM.services[index].name);
            }
        }
    }

    /// The Call that service `caller` waits in: the capability, and the instruction's address.
    pub(super) fn pending(&self, caller: usize) -> Option<(u64, u64)> {
        let pending = self.calls[caller].load(PENDING_CALL, 8).ok().filter(|pending| *pending != 0)?;
        Some((pending >> 32, pending & 0xffff_ffff))
    }

    /// Calls that service `caller` has begun.
    pub(super) fn call_number(&self, caller: usize) -> u64 {
        self.calls[caller].load(CALLS, 4).unwrap_or(0)
    }

    /// How often service `index` has waited for something to do.
    pub(super) fn turns(&self, index: usize) -> u64 {
        self.calls[index].load(TURNS, 4).unwrap_or(0)
    }

    /// Whether service `caller` stands at the Call that it says it waits in: one that hangs may say so for ever.
    pub(super) fn is_in_call(&self, caller: usize) -> bool {
        let Some((_, address)) = self.pending(caller) else { return false };
        let context = self.units[caller].tcb().tcb_read_all_registers(false);
        context.is_ok_and(|context| context.pc() == address)
    }

    /// Completes the Call that service `caller` waits in with an error, if it is one of these capabilities that it
    /// called; gives whether it was.
    pub(super) fn fail_call(&self, caller: usize, of: impl Fn(u64) -> bool) -> bool {
        // One that fell in the middle of a Call says for ever that it waits, and is not to go on.
        if !self.lives(caller) {
            return false;
        }
        let Some((_, address)) = self.pending(caller).filter(|(cptr, _)| of(*cptr)) else { return false };
        let tcb = self.units[caller].tcb();
        let Ok(mut context) = tcb.tcb_read_all_registers(true) else { return false };
        let completed = arch::complete_call(&mut context, address, CALL_FAILED)
            && tcb.tcb_write_all_registers(true, &context).is_ok();
        if !completed {
            // It was not in the call, or not yet: it goes on where it was.
            let _ = tcb.tcb_resume();
        }
        completed
    }
}

/// Answers a Call of a server that is down.
pub fn refuse() {
    sel4::reply(sel4::MessageInfoBuilder::default().label(CALL_FAILED).build());
}
