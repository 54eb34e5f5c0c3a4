//! Calls of helpers.
use super::{
    Reg, Run, Slot,
    control::{cut, kept, trapped},
    memory::Recent,
};
use crate::interp::memory::value_address;

impl Run<'_, '_, '_> {
    #[inline(never)]
    fn helper(&mut self, number: u32) -> Option<u64> {
        kept(self.machine.call_helper(number), &mut self.ended)
    }

    /// Looks up a value by a key of 4 or 8 bytes near at hand; it becomes the one that was used last. Not inlined, for it
    /// needs a frame, which the handler may not have.
    #[inline(never)]
    fn lookup_near(&mut self) -> Option<u64> {
        let (handle, key) = (self.reg(Reg::R1), self.reg(Reg::R2));
        let (number, map) = self.machine.map(handle).ok()?;
        let Some(entry) = (match map.word_key() {
            4 => map.lookup_word(self.load_near::<4>(key)?),
            8 => map.lookup_word(self.load_near::<8>(key)?),
            _ => return None,
        }) else {
            return Some(0);
        };
        let address = value_address(number, entry);
        self.recent = Recent::new(address, map.value(entry)?, map.spec().is_read_only());
        Some(address)
    }
}

pub(super) fn call<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, rest @ ..] = code else { return cut(run, code, spare) };
    let Some(r0) = run.helper(slot.imm as u32) else { return trapped(run, code) };
    run.machine.regs[0] = r0;
    (slot.next)(run, rest, spare)
}

/// `map_lookup_elem`, the one that is called most.
pub(super) fn lookup<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, rest @ ..] = code else { return cut(run, code, spare) };
    let Some(r0) = run.lookup_near() else { return call(run, code, spare) };
    run.machine.regs[0] = r0;
    (slot.next)(run, rest, spare)
}
