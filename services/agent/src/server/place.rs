//! Where programs and maps lie: given to a bundle that is loaded, taken back when its programs go.

use bpf_runtime::{
    bundle::{self, Bundle},
    map::{Map, MapError},
};
use proto::device::{Error, ErrorCode};

use super::{
    Agent, Board,
    load::{Verified, no_memory},
    state::{MapEntry, Program, cut, refusal},
};

impl<B: Board> Agent<'_, B> {
    /// Makes the maps of a bundle, without users yet; gives their places.
    pub(crate) fn make_maps(
        &mut self,
        bundle: &Bundle<'_>,
    ) -> Result<heapless::Vec<usize, { bundle::MAX_MAPS }>, Error> {
        let mut places = heapless::Vec::new();
        for map in bundle.maps() {
            match self.make_map(&map) {
                // As many as fit: the bundle's own limit is the same.
                Ok(place) => _ = places.push(place),
                Err(error) => {
                    self.drop_unused_maps();
                    return Err(error);
                }
            }
        }
        Ok(places)
    }

    fn make_map(&mut self, wanted: &bundle::Map<'_>) -> Result<usize, Error> {
        let Some(place) = self.maps.iter().position(Option::is_none) else {
            return Err(refusal(
                ErrorCode::NoMemory,
                format_args!("no more than {} maps at a time; unload a program first", self.maps.len()),
            ));
        };
        let bytes = wanted.spec.memory_bytes();
        let free = self.map_pages.free_bytes();
        let run = self.map_pages.take(bytes).ok_or_else(|| no_memory(wanted.name, bytes, free))?;
        let made =
            self.memory.maps.slice(run.offset, run.len).map_err(|_| None::<MapError>).and_then(|memory| {
                let map = Map::create(memory, &wanted.spec).map_err(Some)?;
                if !wanted.initial.is_empty() {
                    map.set_contents(wanted.initial).map_err(Some)?;
                }
                Ok(map)
            });
        match made {
            Ok(map) => {
                let id = self.fresh_id();
                self.maps[place] = Some(MapEntry { id, name: cut(wanted.name), run, map, users: 0 });
                Ok(place)
            }
            Err(why) => {
                self.map_pages.give_back(run);
                Err(match why {
                    Some(e) => refusal(ErrorCode::Invalid, format_args!("map {}: {e}", wanted.name)),
                    None => no_memory(wanted.name, bytes, free),
                })
            }
        }
    }

    /// Puts a verified program into memory and the table.
    pub(crate) fn place(&mut self, verified: &Verified<'_>, maps: &[usize]) -> Result<usize, Error> {
        let program = &verified.program;
        let Some(slot) = self.programs.iter().position(Option::is_none) else {
            return Err(refusal(
                ErrorCode::NoMemory,
                format_args!("no more than {} programs at a time; unload one first", self.programs.len()),
            ));
        };
        let free = self.code_pages.free_bytes();
        let run = self
            .code_pages
            .take(program.code.len())
            .ok_or_else(|| no_memory(program.name, program.code.len(), free))?;
        let mut entry = cell::table::Entry {
            hook: verified.hook.number,
            code: run.offset as u32,
            insns: (program.code.len() / cell::table::INSN) as u32,
            bound: verified.summary.instruction_bound.unwrap_or(0),
            maps: maps.len() as u32,
            map: [(0, 0); cell::table::MAPS],
        };
        for (place, at) in maps.iter().zip(&mut entry.map) {
            if let Some(map) = &mut self.maps[*place] {
                map.users += 1;
                *at = (map.run.offset as u32, map.run.len as u32);
            }
        }
        let (id, now) = (self.fresh_id(), self.board.now_ns());
        self.programs[slot] = Some(Program {
            id,
            name: cut(program.name),
            hook: verified.hook,
            insns: entry.insns,
            bound: verified.summary.instruction_bound,
            stack_bytes: verified.summary.stack_bytes,
            tag: tag(program.code),
            loaded_at_ns: now,
            code: run,
            maps: maps.iter().copied().collect(),
        });
        let written = self.memory.programs.write(run.offset, program.code);
        if written.and_then(|()| self.table.set(slot, &entry)).is_err() {
            self.remove(slot);
            return Err(no_memory(program.name, program.code.len(), free));
        }
        if let Err(why) = self.board.prepare(slot) {
            self.remove(slot);
            return Err(match why {
                Some(cell::Refusal::NoMemory) => no_memory(program.name, program.code.len(), 0),
                Some(why) => refusal(
                    ErrorCode::Busy,
                    format_args!("{}: the cell could not take it ({why:?}); load it again", program.name),
                ),
                None => refusal(
                    ErrorCode::Busy,
                    format_args!("{}: the cell was restarted meanwhile; load it again", program.name),
                ),
            });
        }
        Ok(slot)
    }

    /// Takes a program out of the table and the memory, with the maps that nobody else uses.
    pub(crate) fn remove(&mut self, slot: usize) {
        let Some(program) = self.programs[slot].take() else { return };
        self.table.clear(slot);
        self.board.forget(slot);
        self.code_pages.give_back(program.code);
        for place in &program.maps {
            if let Some(map) = &mut self.maps[*place] {
                map.users -= 1;
            }
        }
        self.drop_unused_maps();
    }

    pub(crate) fn drop_unused_maps(&mut self) {
        for place in &mut self.maps {
            if let Some(map) = place.take_if(|map| map.users == 0) {
                self.map_pages.give_back(map.run);
            }
        }
    }
}

/// A checksum of the code that tells two builds of a program apart (64-bit FNV-1a; not a signature).
fn tag(code: &[u8]) -> u64 {
    code.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
