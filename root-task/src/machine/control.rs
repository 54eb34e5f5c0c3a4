//! Requests to the root task: a badged Call of the endpoint where faults arrive too.

use report::{
    control::{Refusal, Request},
    events::Kind,
};
use sel4::MessageInfo;
use system::SYSTEM;

use super::supervise::System;

impl System {
    /// Answers the request of service `caller`, whose words are in the IPC buffer.
    pub(super) fn control(&mut self, caller: usize, info: MessageInfo) {
        let mut words = [0; 4];
        let sent = info.length().min(words.len());
        sel4::with_ipc_buffer(|buffer| words[..sent].copy_from_slice(&buffer.msg_regs()[..sent]));
        let answer = match Request::decode(info.label(), words) {
            Some(Request::Restart { service }) => self.ask_restart(service as usize, caller),
            Some(Request::Spawn { cell }) => self.spawn_cell(cell as usize),
            Some(Request::Kill { cell }) => self.kill(cell as usize),
            Some(Request::Retain { low, high }) => self.retain_cells(u64::from(high) << 32 | u64::from(low)),
            Some(Request::Attach { cell, hook, place }) => self.attach(cell, hook, place),
            Some(Request::Detach { hook, place }) => self.detach(hook, place),
            None => {
                let asker = SYSTEM.services.get(caller).map_or("?", |service| service.name);
                self.note(Kind::Refused, asker, format_args!("no request: label {:#x}", info.label()));
                Err(Refusal::Invalid)
            }
        };
        let label = answer.map_or_else(|refusal| refusal as u64, |()| 0);
        sel4::reply(sel4::MessageInfoBuilder::default().label(label).build());
        self.prepare_cells();
    }
}
