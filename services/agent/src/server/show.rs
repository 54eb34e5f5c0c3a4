//! Lists for the host, a page at a time.

use bpf_runtime::map::{MAX_KEY_BYTES, Map};
use proto::device::{
    Attachment, Attachments, Cap, Caps, Counter, Error, ErrorCode, Map as MapInfo, MapDumpRequest,
    MapEntries, MapEntry as MapPair, Maps, Program as ProgramInfo, Programs, Service, ServiceState, Services,
    Status,
};
use report::{State, cells::Cells, counters::Counters};
use shm::OutOfBounds;

use super::{
    Agent, Board,
    state::{MapEntry, Program, cut, refusal},
};

/// What `hypctl status` calls the system.
const VERSION: &str = if cfg!(feature = "unverified") {
    concat!(env!("CARGO_PKG_VERSION"), "-UNVERIFIED")
} else {
    env!("CARGO_PKG_VERSION")
};
/// Bytes of a value in one entry of a dump; a longer value comes in several.
pub(crate) const PIECE: usize = 256;
const _: () = assert!(MAX_KEY_BYTES <= 512, "a dump's entry holds any key");

pub(crate) fn unreadable(_: OutOfBounds) -> Error {
    refusal(ErrorCode::Unspecified, format_args!("the system's report can't be read"))
}

impl<'a, B: Board> Agent<'a, B> {
    pub(crate) fn status(&self) -> Result<Status, Error> {
        let summary = self.report.summary().map_err(unreadable)?;
        let count = |n: usize| n as u32;
        Ok(Status {
            version: cut(VERSION),
            platform: cut(platform::PLATFORM.name),
            kernel: cut(summary.kernel.as_str()),
            uptime_ns: self.board.now_ns(),
            boot_ns: summary.boot_ns,
            memory_total: summary.memory_total,
            memory_used: summary.memory_used,
            programs: count(self.programs.iter().flatten().count()),
            maps: count(self.maps.iter().flatten().count()),
            attachments: count(self.hooks.iter().map(|(_, page)| page.iter().count()).sum()),
            frames_ok: self.frames_ok,
            frames_bad: self.frames_bad,
            program_memory_free: self.code_pages.free_bytes() as u64,
            map_memory_free: self.map_pages.free_bytes() as u64,
            events: self.programs.iter().flatten().fold(0, |sum, p| sum.wrapping_add(self.counts(p).runs)),
        })
    }

    pub(crate) fn list_programs(&self, from: u32) -> Programs {
        let mut page = Programs::default();
        for (slot, program) in self.programs.iter().enumerate().skip(from as usize) {
            let Some(program) = program else { continue };
            if page.programs.push(self.program_info(slot, program)).is_err() {
                page.next = slot as u32;
                break;
            }
        }
        page
    }

    fn program_info(&self, slot: usize, program: &Program) -> ProgramInfo {
        let (counts, meta) = (self.counts(program), &program.meta);
        let cell = Cells(self.memory.cells).get(slot).ok();
        let ids = program.maps.iter().filter_map(|place| self.maps[*place].as_ref().map(|map| map.id));
        ProgramInfo {
            id: meta.id,
            name: program.name.clone(),
            hook: cut(program.hook.name),
            instructions: meta.insns,
            instruction_bound: meta.bound.min(u32::MAX.into()) as u32,
            stack_bytes: meta.stack_bytes,
            map_ids: ids.collect(),
            runs: counts.runs,
            run_ns: self.board.ticks_to_ns(counts.ticks),
            faults: u64::from(cell.map_or(0, |cell| cell.stops)),
            state: cell.and_then(|cell| cell.state).map_or(ServiceState::Unspecified, state),
            last_fault: cell.map_or_else(heapless::String::new, |cell| cut(cell.why.as_str())),
            tag: meta.tag,
            attached: self.attachments(slot).next().is_some(),
            loaded_at_ns: meta.loaded_at_ns,
        }
    }

    pub(crate) fn list_maps(&self, from: u32) -> Maps {
        let mut page = Maps::default();
        for (place, map) in self.maps.iter().enumerate().skip(from as usize) {
            let Some(map) = map else { continue };
            if page.maps.push(map_info(map)).is_err() {
                page.next = place as u32;
                break;
            }
        }
        page
    }

    pub(crate) fn list_attachments(&self, from: u32) -> Attachments {
        let mut page = Attachments::default();
        let all = self.programs.iter().enumerate().filter_map(|(slot, p)| Some((slot, p.as_ref()?)));
        let lines = all.flat_map(|(slot, p)| self.attachments(slot).map(move |(_, _, period)| (p, period)));
        for (i, (program, period_ns)) in lines.enumerate().skip(from as usize) {
            let line = Attachment {
                program_id: program.id(),
                program: program.name.clone(),
                hook: cut(program.hook.name),
                period_ns,
            };
            if page.attachments.push(line).is_err() {
                page.next = i as u32;
                break;
            }
        }
        page
    }

    /// A page of a map's entries. The cursor counts pieces of values, entry by entry: a map's memory (16 MiB at most)
    /// has fewer of them than a `u32` counts.
    pub(crate) fn dump(&self, request: &MapDumpRequest) -> Result<MapEntries, Error> {
        let entry = self.find_map(request)?;
        let mut page = MapEntries::default();
        page.set_map(map_info(entry));
        let mut cursor = request.cursor;
        while let Some((next, pair)) = piece(&entry.map, cursor) {
            if page.entries.push(pair).is_err() {
                page.next = cursor;
                break;
            }
            cursor = next;
        }
        Ok(page)
    }

    pub(crate) fn find_map(&self, request: &MapDumpRequest) -> Result<&MapEntry<'a>, Error> {
        let named = |m: &&MapEntry| if request.id != 0 { m.id == request.id } else { m.name == request.name };
        let mut found = self.maps.iter().flatten().filter(named);
        match (found.next(), found.next()) {
            (Some(map), None) => Ok(map),
            (Some(a), Some(b)) => Err(refusal(
                ErrorCode::Invalid,
                format_args!("several maps are named {}: ids {}, {}; name one by its id", a.name, a.id, b.id),
            )),
            (None, _) if request.id != 0 => {
                Err(refusal(ErrorCode::NotFound, format_args!("no map with id {}", request.id)))
            }
            (None, _) => {
                Err(refusal(ErrorCode::NotFound, format_args!("no map {}; see: map list", request.name)))
            }
        }
    }

    pub(crate) fn list_services(&self, from: u32) -> Result<Services, Error> {
        let mut page = Services::default();
        let count = self.report.summary().map_err(unreadable)?.services;
        for index in from as usize..count {
            if page.services.push(self.service_info(index).map_err(unreadable)?).is_err() {
                page.next = index as u32;
                break;
            }
        }
        Ok(page)
    }

    fn service_info(&self, index: usize) -> Result<Service, OutOfBounds> {
        let service = self.report.service(index)?;
        let mut info = Service {
            name: cut(service.name.as_str()),
            state: service.state.map_or(ServiceState::Unspecified, state),
            priority: service.priority,
            restarts: service.restarts,
            strikes: service.strikes,
            last_fault: cut(service.last_fault.as_str()),
            memory_bytes: service.memory,
            ..Service::default()
        };
        let Some(source) = metrics::SOURCES.iter().position(|name| *name == service.name.as_str()) else {
            return Ok(info);
        };
        let counters = Counters::new(self.memory.counters[source]);
        let rates = Counters::new(self.memory.rates.slice(source * 4096, 4096)?);
        for i in 0..counters.len() {
            let (name, value) = counters.get(i)?;
            let per_second = rates.get(i).map_or(0, |(_, rate)| rate);
            if info.counters.push(Counter { name: cut(name.as_str()), value, per_second }).is_err() {
                break;
            }
        }
        Ok(info)
    }

    /// The capability table is text in memory that the root task wrote: a line a capability, tabs between the
    /// fields. The cursor is an offset in it.
    pub(crate) fn list_caps(&self, from: u32) -> Result<Caps, Error> {
        let text = self.memory.table;
        let len = (text.load(0, 4).map_err(unreadable)? as usize).min(text.len() - 8);
        let mut page = Caps::default();
        let mut at = from as usize;
        while at < len {
            let mut line = [0; 128];
            let room = line.len().min(len - at);
            text.read(8 + at, &mut line[..room]).map_err(unreadable)?;
            let Some(end) = line[..room].iter().position(|b| *b == b'\n') else { break };
            if page.caps.push(cap(core::str::from_utf8(&line[..end]).unwrap_or(""))).is_err() {
                page.next = at as u32;
                break;
            }
            at += end + 1;
        }
        Ok(page)
    }
}

const fn state(state: State) -> ServiceState {
    match state {
        State::Starting => ServiceState::Starting,
        State::Running => ServiceState::Running,
        State::Waiting => ServiceState::Waiting,
        State::Stopped => ServiceState::Stopped,
    }
}

/// The first piece of a value at or behind `cursor`, and the cursor behind it.
fn piece(map: &Map<'_>, cursor: u32) -> Option<(u32, MapPair)> {
    let pieces = (map.spec().value_size as usize).div_ceil(PIECE).max(1) as u32;
    let (wanted, part) = (cursor / pieces, cursor % pieces);
    let mut pair = MapPair::default();
    pair.key.resize_default(map.spec().key_size as usize).ok()?;
    let entry = map.next(wanted, &mut pair.key, &mut [])? - 1;
    // Where the wanted entry is gone, the next one begins at its beginning.
    let part = if entry == wanted { part } else { 0 };
    let value = map.value(entry)?;
    let offset = part as usize * PIECE;
    pair.offset = offset as u32;
    pair.value.resize_default(value.len().checked_sub(offset)?.min(PIECE)).ok()?;
    value.read(offset, &mut pair.value).ok()?;
    Some((entry * pieces + part + 1, pair))
}

fn cap(line: &str) -> Cap {
    let mut fields = line.split('\t');
    let mut next = || fields.next().unwrap_or("");
    let mut cap = Cap { service: cut(next()), ..Cap::default() };
    let place = next();
    match place.strip_prefix("0x") {
        Some(address) => cap.address = u64::from_str_radix(address, 16).unwrap_or(0),
        None => cap.slot = place.parse().unwrap_or(0),
    }
    cap.name = cut(next());
    cap.kind = cut(next());
    cap.object = cut(next());
    cap.rights = cut(next());
    cap.badge = next().parse().unwrap_or(0);
    cap
}

pub(crate) fn map_info(entry: &MapEntry<'_>) -> MapInfo {
    let spec = entry.map.spec();
    MapInfo {
        id: entry.id,
        name: entry.name.clone(),
        kind: spec.kind as u32,
        key_size: spec.key_size,
        value_size: spec.value_size,
        max_entries: spec.max_entries,
        memory_bytes: entry.run.len as u64,
        entries: entry.map.entries(),
        read_only: spec.is_read_only(),
    }
}
