//! Single entries of maps, read and changed at the host's wish, beside the programs that use them.

use bpf_runtime::{
    errno::Errno,
    map::{ANY, EXIST, MapKind, NOEXIST},
};
use proto::device::{
    Error, ErrorCode, MapDeleteRequest, MapDumpRequest, MapEntries, MapEntry as Piece, MapFlag, MapKey,
    MapLookupRequest, MapUpdateRequest,
};

use super::{
    Agent, Board,
    show::{PIECE, map_info},
    state::{MapEntry, refusal},
};

impl<'a, B: Board> Agent<'a, B> {
    /// An entry's value from a byte on, in as many pieces as fit. A program may change it between two requests.
    pub(crate) fn lookup(&self, asked: &MapLookupRequest) -> Result<MapEntries, Error> {
        let (entry, key) = self.entry(asked.key())?;
        let found = entry.map.lookup(key.key[..].into()).and_then(|number| entry.map.value(number));
        let value = found.ok_or_else(|| failed(entry, Errno::ENOENT))?;
        let mut page = MapEntries::default();
        page.set_map(map_info(entry));
        let mut offset = asked.offset as usize;
        while offset < value.len() {
            let mut piece = Piece { offset: offset as u32, key: key.key.clone(), ..Piece::default() };
            let bytes = PIECE.min(value.len() - offset);
            // A piece has room for as much, and the value was just as long.
            let filled =
                piece.value.resize_default(bytes).is_ok() && value.read(offset, &mut piece.value).is_ok();
            if !filled || page.entries.push(piece).is_err() {
                page.next = offset as u32;
                break;
            }
            offset += bytes;
        }
        Ok(page)
    }

    /// Creates or replaces an entry.
    pub(crate) fn update(&self, asked: &MapUpdateRequest) -> Result<(), Error> {
        let (entry, key) = self.writable(asked.key())?;
        let wanted = entry.map.spec().value_size as usize;
        if asked.value.len() != wanted {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("a value of {} has {wanted} bytes, not {}", entry.name, asked.value.len()),
            ));
        }
        let flags = match asked.flag {
            MapFlag::Any => ANY,
            MapFlag::Noexist => NOEXIST,
            MapFlag::Exist => EXIST,
            other => {
                return Err(refusal(ErrorCode::Invalid, format_args!("unknown flag {}", other.0)));
            }
        };
        let done = entry.map.update(key.key[..].into(), asked.value[..].into(), flags);
        done.map_err(|why| failed(entry, why))
    }

    /// Removes an entry.
    pub(crate) fn delete(&self, asked: &MapDeleteRequest) -> Result<(), Error> {
        let (entry, key) = self.writable(asked.key())?;
        entry.map.delete(key.key[..].into()).map_err(|why| match why {
            Errno::EINVAL => refusal(
                ErrorCode::Invalid,
                format_args!("{} is an array: its entries stay, set one to 0 instead", entry.name),
            ),
            why => failed(entry, why),
        })
    }

    /// The map and the key that a request names, if the map has keys like it.
    fn entry<'k>(&self, key: Option<&'k MapKey>) -> Result<(&MapEntry<'a>, &'k MapKey), Error> {
        let Some(key) = key else {
            return Err(refusal(ErrorCode::Invalid, format_args!("no map and key in the request")));
        };
        let named = MapDumpRequest { id: key.id, name: key.name.clone(), cursor: 0 };
        let entry = self.find_map(&named)?;
        let spec = entry.map.spec();
        if entry.map.ring().is_some() {
            return Err(refusal(
                ErrorCode::Unsupported,
                format_args!("{} is a {}: hypctl trace takes its records", entry.name, spec.kind.name()),
            ));
        }
        if key.key.len() != spec.key_size as usize {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("a key of {} has {} bytes, not {}", entry.name, spec.key_size, key.key.len()),
            ));
        }
        Ok((entry, key))
    }

    /// The same, if the host may change it.
    fn writable<'k>(&self, key: Option<&'k MapKey>) -> Result<(&MapEntry<'a>, &'k MapKey), Error> {
        let (entry, key) = self.entry(key)?;
        if entry.map.spec().is_read_only() {
            return Err(refusal(
                ErrorCode::Refused,
                format_args!("{} is read-only: its programs were verified with what it holds", entry.name),
            ));
        }
        if entry.map.spec().kind == MapKind::ProgArray {
            return Err(refusal(
                ErrorCode::Unsupported,
                format_args!("{} is a program array: its values are programs, not bytes", entry.name),
            ));
        }
        Ok((entry, key))
    }
}

fn failed(entry: &MapEntry<'_>, why: Errno) -> Error {
    let spec = entry.map.spec();
    let (name, most) = (&entry.name, spec.max_entries);
    let array = matches!(spec.kind, MapKind::Array | MapKind::PercpuArray | MapKind::ProgArray);
    match why {
        Errno::ENOENT | Errno::E2BIG if array => {
            refusal(ErrorCode::NotFound, format_args!("{name} has the indexes 0 to {}", most - 1))
        }
        Errno::ENOENT => refusal(ErrorCode::NotFound, format_args!("no such key in {name}")),
        Errno::E2BIG => {
            refusal(ErrorCode::NoMemory, format_args!("{name} is full ({most} entries); delete one first"))
        }
        Errno::EEXIST => refusal(ErrorCode::Exists, format_args!("the key is in {name} already")),
        Errno::EBUSY => {
            refusal(ErrorCode::Busy, format_args!("a program is inserting this key into {name}; try again"))
        }
        why => refusal(ErrorCode::Unspecified, format_args!("{name}: {why}")),
    }
}
