//! An agent that starts anew goes on with what the ledger says; programs run on meanwhile, in their cells.
//!
//! Each entry of the ledger is written whole before it counts, and stops counting before anything of it goes. So
//! whatever the agent before this one was in the middle of was not begun yet or is to be finished: what the ledger does
//! not say is not there.

use bpf_runtime::{
    hook,
    map::{Map, MapSpec},
};
use cell::{
    CELLS,
    hook::ATTACHMENTS,
    ledger::{self, NAME, Program as Entry},
};
use report::control::{Refusal, Request};

use super::{
    Agent, Board,
    pages::{Pages, Run},
    place::owner,
    state::{MapEntry, Name, Program, cut},
};

impl<'a, B: Board> Agent<'a, B> {
    /// Takes over what the ledger holds whole, and drops the rest.
    pub(crate) fn recover(&mut self) {
        for place in 0..ledger::MAPS {
            self.maps[place] = self.ledger.map(place).and_then(|noted| self.take_over_map(&noted));
            if self.maps[place].is_none() {
                let _ = self.ledger.set_map(place, None);
            }
        }
        for slot in 0..CELLS {
            self.programs[slot] = self.ledger.program(slot).and_then(|entry| self.take_over(&entry));
            if self.programs[slot].is_none() {
                self.ledger.clear_program(slot);
            }
        }
        self.retain();
        for slot in 0..CELLS {
            if self.programs[slot].is_some() {
                match self.board.ask_root(Request::Spawn { cell: slot as u32 }) {
                    Ok(()) | Err(Some(Refusal::Exists)) => {}
                    Err(_) => self.remove(slot),
                }
            }
        }
        self.drop_unused_maps();
        self.reattach();
    }

    fn take_over_map(&mut self, noted: &ledger::Map) -> Option<MapEntry<'a>> {
        let run = run(noted.offset, noted.bytes)?;
        // Not from the map's own header, which a program may have written over.
        let spec = MapSpec::from_words(noted.spec)?;
        let map = Map::new(self.memory.maps.slice(run.offset, run.len).ok()?, spec).ok()?;
        // What the agent before this one was in the middle of.
        map.recover(0);
        self.next_id = self.next_id.max(noted.id.wrapping_add(1));
        self.map_pages.claim(run).then(|| MapEntry {
            id: noted.id,
            name: name(&noted.name),
            run,
            map,
            users: 0,
        })
    }

    fn take_over(&mut self, entry: &Entry) -> Option<Program> {
        let hook = hook::by_number(entry.hook)?;
        let image = run(entry.image, entry.image_bytes.next_multiple_of(Pages::PAGE as u32))?;
        let out = run(entry.out.offset, entry.out.bytes)?;
        let mut maps = heapless::Vec::new();
        for grant in &entry.map[..entry.maps as usize] {
            let same = |map: &Option<MapEntry<'_>>| {
                map.as_ref().is_some_and(|map| run(grant.offset, grant.bytes) == Some(map.run))
            };
            maps.push(self.maps.iter().position(same)?).ok()?;
        }
        if !self.code_pages.claim(image) {
            return None;
        }
        if !self.map_pages.claim(out) {
            self.code_pages.give_back(image);
            return None;
        }
        self.add_users(&maps);
        self.next_id = self.next_id.max(entry.meta.id.wrapping_add(1));
        Some(Program { meta: entry.meta, name: name(&entry.meta.name), hook, image, out, maps })
    }

    /// Cells of programs that are not there go, and what they were in the middle of is undone.
    fn retain(&mut self) {
        let mask = (0..CELLS)
            .filter(|slot| self.programs[*slot].is_some())
            .fold(0, |mask, slot| mask | 1_u64 << slot);
        let _ = self.board.ask_root(Request::Retain { low: mask as u32, high: (mask >> 32) as u32 });
        for slot in (0..CELLS).filter(|slot| mask >> slot & 1 == 0) {
            self.maps.iter().flatten().for_each(|map| _ = map.map.recover(owner(slot)));
        }
    }

    /// The hooks' owners hold the endpoints of what is attached; whatever else a hook's page says goes.
    fn reattach(&mut self) {
        for (number, hook) in self.hooks {
            for place in 0..ATTACHMENTS {
                let Some(attachment) = hook.get(place) else { continue };
                let program = self.programs.get(attachment.program as usize).and_then(Option::as_ref);
                let fits = program.is_some_and(|program| program.hook.number == number);
                let attach = Request::Attach { cell: attachment.program, hook: number, place: place as u32 };
                if !fits || self.board.ask_root(attach).is_err() {
                    self.take_off(number, place);
                }
            }
        }
    }
}

/// Whole pages, or none.
fn run(offset: u32, bytes: u32) -> Option<Run> {
    let whole =
        offset.is_multiple_of(Pages::PAGE as u32) && bytes.is_multiple_of(Pages::PAGE as u32) && bytes > 0;
    whole.then_some(Run { offset: offset as usize, len: bytes as usize })
}

fn name(padded: &[u8; NAME]) -> Name {
    let len = padded.iter().position(|byte| *byte == 0).unwrap_or(NAME);
    cut(core::str::from_utf8(&padded[..len]).unwrap_or("?"))
}
