//! The maps of a bundle: made when it is loaded, gone with their last user.

use bpf_runtime::{
    bundle::{self, Bundle},
    map::{Map, MapError},
};
use cell::ledger::{self, NAME};
use proto::device::{Error, ErrorCode};

use super::{
    Agent, Board,
    load::no_memory,
    state::{MapEntry, cut, refusal},
};

/// Places in [`Agent::maps`], in the bundle's order.
pub(crate) type Places = heapless::Vec<usize, { bundle::MAX_MAPS }>;

impl<B: Board> Agent<'_, B> {
    /// Makes the maps of a bundle, without users yet; gives their places. Those that the program in slot `heir_of` has under the same
    /// name and with the same description are taken over with what is in them.
    pub(crate) fn make_maps(&mut self, bundle: &Bundle<'_>, heir_of: Option<usize>) -> Result<Places, Error> {
        let mut places = Places::new();
        for map in bundle.maps() {
            let made = match heir_of.and_then(|slot| self.inherited(&map, slot)) {
                Some(place) => Ok(place),
                None => self.make_map(&map),
            };
            match made {
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

    /// The program's own variables (`.data` and its like) are not inherited: they belong to one build.
    fn inherited(&self, wanted: &bundle::Map<'_>, slot: usize) -> Option<usize> {
        let program = self.programs[slot].as_ref().filter(|_| !wanted.name.starts_with('.'))?;
        program.maps.iter().copied().find(|place| {
            let same = |map: &MapEntry<'_>| map.name == wanted.name && *map.map.spec() == wanted.spec;
            self.maps[*place].as_ref().is_some_and(same)
        })
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
                let entry = MapEntry { id: self.fresh_id(), name: cut(wanted.name), run, map, users: 0 };
                // The ledger has as many places.
                let _ = self.ledger.set_map(place, Some(&note(&entry)));
                self.maps[place] = Some(entry);
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

    pub(crate) fn add_users(&mut self, places: &[usize]) {
        for place in places {
            if let Some(map) = &mut self.maps[*place] {
                map.users += 1;
            }
        }
    }

    pub(crate) fn drop_unused_maps(&mut self) {
        for (place, map) in self.maps.iter_mut().enumerate() {
            if let Some(map) = map.take_if(|map| map.users == 0) {
                let _ = self.ledger.set_map(place, None);
                self.map_pages.give_back(map.run);
            }
        }
    }
}

fn note(map: &MapEntry<'_>) -> ledger::Map {
    let mut name = [0; NAME];
    name[..map.name.len()].copy_from_slice(map.name.as_bytes());
    let (offset, bytes) = (map.run.offset as u32, map.run.len as u32);
    ledger::Map { id: map.id, offset, bytes, name, spec: map.map.spec().to_words() }
}
