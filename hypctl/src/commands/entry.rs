//! `map`: get, set, delete.

use anyhow::{Context, Result, bail};
use proto::host::{
    Map as MapInfo, MapDeleteRequest, MapEntry, MapFlag, MapKey, MapLookupRequest, MapUpdateRequest, request,
    response,
};

use super::{map::EntryRow, pages, unexpected};
use crate::{
    bytes,
    cli::Only,
    client::{Client, Repeat},
    output::{Output, clean},
    target::Target,
};

/// Bytes of a value that a request carries: the bound of `MapUpdateRequest.value` in `proto/build.rs`.
const MAX_SET_BYTES: usize = 2048;

/// Prints the value of a key.
pub fn get(client: &mut Client, words: &[String], out: &mut Output<'_>) -> Result<()> {
    let (map, words) = find(client, words)?;
    let [key] = words else { bail!("give a map and a key: hypctl map get {} KEY", map.name) };
    let key = key_of(&map, key)?;
    let mut value = Vec::new();
    loop {
        let asked = MapLookupRequest { key: Some(key.clone()), offset: u32::try_from(value.len())? };
        let page = match client.request(Repeat::Yes, &request::Body::MapLookup(asked))? {
            response::Body::MapEntries(page) => page,
            other => return Err(unexpected(&other)),
        };
        for piece in page.entries {
            if piece.offset as usize != value.len() {
                bail!("the device left out a part of the value");
            }
            value.extend(piece.value);
        }
        if value.len() >= map.value_size as usize {
            break;
        }
        if page.next as usize != value.len() {
            bail!("the device's value ends after {} bytes of {}", value.len(), map.value_size);
        }
    }
    let row = EntryRow::from(&MapEntry { key: key.key, value, offset: 0 });
    if out.json {
        out.value(&row)?;
    } else {
        out.list(&[row], "")?;
    }
    Ok(())
}

/// Creates or replaces an entry.
pub fn set(client: &mut Client, words: &[String], only: Option<Only>, out: &mut Output<'_>) -> Result<()> {
    let (map, words) = find(client, words)?;
    let [key, value] = words else {
        bail!("give a map, a key and a value: hypctl map set {} KEY VALUE", map.name)
    };
    if map.value_size as usize > MAX_SET_BYTES {
        bail!(
            "{}: a value of {} bytes is too long to be set, {MAX_SET_BYTES} are not",
            map.name,
            map.value_size
        );
    }
    let asked = MapUpdateRequest {
        key: Some(key_of(&map, key)?),
        value: bytes::parse(value, map.value_size as usize, "value")?,
        flag: match only {
            None => MapFlag::Any,
            Some(Only::New) => MapFlag::Noexist,
            Some(Only::Existing) => MapFlag::Exist,
        }
        .into(),
    };
    // Setting twice is as setting once, unless the key has to be new.
    let repeat = if only == Some(Only::New) { Repeat::No } else { Repeat::Yes };
    done(client.request(repeat, &request::Body::MapUpdate(asked))?)?;
    Ok(out.done(&format!("{} set", clean(&map.name)))?)
}

/// Removes an entry.
pub fn delete(client: &mut Client, words: &[String], out: &mut Output<'_>) -> Result<()> {
    let (map, words) = find(client, words)?;
    let [key] = words else { bail!("give a map and a key: hypctl map delete {} KEY", map.name) };
    let asked = MapDeleteRequest { key: Some(key_of(&map, key)?) };
    done(client.request(Repeat::No, &request::Body::MapDelete(asked))?)?;
    Ok(out.done(&format!("deleted from {}", clean(&map.name)))?)
}

/// The map that the first words name, and the words after it. What it is tells how keys and values are read.
fn find<'w>(client: &mut Client, words: &'w [String]) -> Result<(MapInfo, &'w [String])> {
    let (target, rest) = Target::parse(words)?;
    let mut maps: Vec<MapInfo> = pages::all(client)?;
    maps.retain(|map| target.matches(map.id, &map.name));
    if maps.len() > 1 {
        let ids: Vec<_> = maps.iter().map(|map| map.id.to_string()).collect();
        bail!("several maps are named {target}: name one by its id, {}", ids.join(" or "));
    }
    let map = maps.pop().with_context(|| format!("no map {target}: map list shows all"))?;
    Ok((map, rest))
}

fn key_of(map: &MapInfo, text: &str) -> Result<MapKey> {
    // By its id: another one could have the name by now.
    Ok(MapKey { id: map.id, name: String::new(), key: bytes::parse(text, map.key_size as usize, "key")? })
}

fn done(answer: response::Body) -> Result<()> {
    match answer {
        response::Body::Done(_) => Ok(()),
        other => Err(unexpected(&other)),
    }
}
