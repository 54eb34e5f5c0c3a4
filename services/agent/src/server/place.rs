//! A verified program becomes a cell: compiled, noted in the ledger, spawned by the root task; and goes again.

use alloc::vec::Vec;
use bpf_runtime::{
    bundle,
    helper::number,
    hook,
    isa::Insn,
    jit::{self, Checks, MapAddress, Options, Target},
};
use caps::Region;
use cell::{
    CELLS, FUEL,
    image::{self, Header, MapAt},
    ledger::{Access, CLOCK, Grant, Meta, NAME, Program as Entry},
    out,
};
use proto::device::{Error, ErrorCode};
use report::control::Request;

use super::{
    Agent, Board,
    load::{Verified, no_memory},
    pages::Run,
    state::{Program, cut, refusal},
};

/// Helpers that read the clock.
const TIMED: [u32; 5] = [
    number::KTIME_GET_NS,
    number::KTIME_GET_BOOT_NS,
    number::KTIME_GET_COARSE_NS,
    number::TRACE_PRINTK,
    number::TRACE_VPRINTK,
];
/// The machine that programs are compiled for.
const TARGET: Target = match Target::HOST {
    Some(target) => target,
    None => panic!("there is no compiler for this machine"),
};
/// Helpers that print.
const PRINTING: [u32; 2] = [number::TRACE_PRINTK, number::TRACE_VPRINTK];

/// What a cell can use, and at which addresses.
struct Layout {
    /// For the compiler, by the bundle's numbers.
    addresses: heapless::Vec<MapAddress, { bundle::MAX_MAPS }>,
    header: Header,
    grants: [Grant; image::MAPS],
}

impl<B: Board> Agent<'_, B> {
    /// Makes a cell of a verified program; gives its slot.
    pub(crate) fn place(&mut self, verified: &Verified<'_>, maps: &[usize]) -> Result<usize, Error> {
        let name = verified.program.name;
        let Some(slot) = self.programs.iter().position(Option::is_none) else {
            return Err(refusal(
                ErrorCode::NoMemory,
                format_args!("no more than {CELLS} programs at a time; unload one first"),
            ));
        };
        let layout = self.layout(slot, verified, maps);
        let code = compile(verified, &layout.addresses)?;
        let free = self.code_pages.free_bytes();
        let bytes = image::CODE + code.len();
        let image = self.code_pages.take(bytes).ok_or_else(|| no_memory(name, bytes, free))?;
        let (free, wanted) = (self.map_pages.free_bytes(), out::pages(layout.header.prints) * 4096);
        let Some(out) = self.map_pages.take(wanted) else {
            self.code_pages.give_back(image);
            return Err(no_memory(name, wanted, free));
        };
        let entry = self.ledger_entry(verified, &layout, (image, bytes, out));
        let program = Program {
            meta: entry.meta,
            name: cut(name),
            hook: verified.hook,
            image,
            out,
            maps: maps.iter().copied().collect(),
        };
        self.add_users(&program.maps);
        self.programs[slot] = Some(program);
        if self.write(slot, &layout.header, &code, &entry).is_none() {
            self.remove(slot);
            return Err(no_memory(name, bytes, 0));
        }
        if let Err(why) = self.board.ask_root(Request::Spawn { cell: slot as u32 }) {
            self.remove(slot);
            return Err(refusal(
                ErrorCode::NoMemory,
                format_args!("{name}: no cell could be made ({why:?}); unload something and load it again"),
            ));
        }
        Ok(slot)
    }

    /// Which maps lie where in the cell.
    fn layout(&self, slot: usize, verified: &Verified<'_>, maps: &[usize]) -> Layout {
        let uses = |helpers: &[u32]| helpers.iter().any(|helper| verified.summary.helpers.contains(helper));
        let header = Header {
            fuel: FUEL,
            seed: self.board.now_ns() ^ (slot as u64) << 32,
            owner: owner(slot),
            slot: slot as u32,
            context_bytes: verified.hook.context_size,
            prints: uses(&PRINTING),
            maps: 0,
            written: 0,
            map: [MapAt::default(); image::MAPS],
        };
        let grants = [Grant::default(); image::MAPS];
        let mut layout = Layout { addresses: heapless::Vec::new(), header, grants };
        let mut address = cell::MAPS.vaddr;
        for (index, place) in maps.iter().enumerate() {
            let mut known = MapAddress { handle: 0, values: 0 };
            let Some(map) = &self.maps[*place] else { continue };
            let (offset, bytes) = (map.run.offset as u32, map.run.len as u32);
            let mut access = Access::None;
            if verified.summary.uses_map(index) {
                let n = layout.header.maps as usize;
                known = MapAddress { handle: n as u64, values: address + map.map.first_value() as u64 };
                // A read-only map is mapped so, whatever the verifier thinks of the program.
                let writes = verified.summary.writes_map(index) && !map.map.spec().is_read_only();
                access = if writes { Access::Write } else { Access::Read };
                layout.header.written |= u32::from(access == Access::Write) << n;
                let spec = map.map.spec().to_words();
                layout.header.map[n] = MapAt { address: address as u32, bytes, spec };
                layout.header.maps += 1;
                address += u64::from(bytes);
            }
            layout.grants[index] = Grant { offset, bytes, access };
            // As many as the bundle has.
            let _ = layout.addresses.push(known);
        }
        layout
    }

    fn ledger_entry(
        &mut self,
        verified: &Verified<'_>,
        layout: &Layout,
        (image, bytes, out): (Run, usize, Run),
    ) -> Entry {
        let (program, summary) = (&verified.program, &verified.summary);
        let timed = TIMED.iter().any(|helper| summary.helpers.contains(helper));
        let mut name = [0; NAME];
        let kept = program.name.len().min(NAME);
        name[..kept].copy_from_slice(&program.name.as_bytes()[..kept]);
        Entry {
            hook: verified.hook.number,
            image: image.offset as u32,
            image_bytes: bytes as u32,
            out: Grant { offset: out.offset as u32, bytes: out.len as u32, access: Access::Write },
            flags: if timed { CLOCK } else { 0 },
            maps: layout.addresses.len() as u32,
            map: layout.grants,
            meta: Meta {
                id: self.fresh_id(),
                insns: (program.code.len() / size_of::<u64>()) as u32,
                bound: summary.instruction_bound.unwrap_or(0),
                tag: tag(program.code),
                loaded_at_ns: self.board.now_ns(),
                stack_bytes: summary.stack_bytes,
                name,
            },
        }
    }

    fn write(&self, slot: usize, header: &Header, code: &[u8], entry: &Entry) -> Option<()> {
        let image = self.ledger.0.slice(entry.image as usize, entry.image_bytes as usize).ok()?;
        header.write(image).ok()?;
        image.write(image::CODE, code).ok()?;
        self.memory.maps.slice(entry.out.offset as usize, entry.out.bytes as usize).ok()?.clear();
        self.ledger.set_program(slot, entry).ok()
    }

    /// Takes a program away with its cell, and the maps that nobody else uses.
    pub(crate) fn remove(&mut self, slot: usize) {
        let Some(program) = self.programs[slot].take() else { return };
        // Should this agent end here, the next one finds a cell without a program and has it taken away.
        self.ledger.clear_program(slot);
        let _ = self.board.ask_root(Request::Kill { cell: slot as u32 });
        self.code_pages.give_back(program.image);
        self.map_pages.give_back(program.out);
        for place in &program.maps {
            if let Some(map) = &mut self.maps[*place] {
                // What the cell was in the middle of.
                map.map.recover(owner(slot));
                map.users -= 1;
            }
        }
        self.drop_unused_maps();
    }
}

/// The number of the cell in `slot` as a user of maps: the agent is 0.
pub(crate) const fn owner(slot: usize) -> u8 {
    slot as u8 + 1
}

/// An event carries the whole context of each hook, or its pages do.
const _: () = {
    let mut i = 0;
    while i < hook::HOOKS.len() {
        let bytes = hook::HOOKS[i].context_size;
        assert!(
            !hook::HOOKS[i].on_device
                || bytes <= cell::CONTEXT_BYTES
                || bytes as u64 <= cell::CONTEXT.len() as u64
        );
        i += 1;
    }
};
const _: () = assert!(bundle::MAX_MAPS <= image::MAPS);
const _: () = assert!(cell::MAPS.pages * Region::PAGE <= u32::MAX as u64 && CELLS < u8::MAX as usize);

fn compile(verified: &Verified<'_>, maps: &[MapAddress]) -> Result<Vec<u8>, Error> {
    let name = verified.program.name;
    #[cfg(feature = "unverified")]
    if let Some(code) = super::unverified::native(&verified.program) {
        return Ok(code.to_vec());
    }
    let mut insns: Vec<Insn> = Vec::new();
    let bytecode = verified.program.insns();
    let wanted = verified.program.code.len();
    insns.try_reserve_exact(bytecode.len()).map_err(|_| no_memory(name, wanted, 0))?;
    insns.extend(bytecode);
    let fuel = verified.summary.instruction_bound.is_none_or(|bound| bound > FUEL);
    let options = Options { checks: Checks::Verified, fuel };
    let mut code = Vec::new();
    loop {
        match jit::compile(TARGET, &insns, maps, options, &mut code) {
            Ok(_) => return Ok(code),
            Err(jit::Error::NoRoom(bytes)) if bytes > code.len() => {
                code.try_reserve_exact(bytes).map_err(|_| no_memory(name, bytes, 0))?;
                code.resize(bytes, 0);
            }
            Err(why) => return Err(refusal(ErrorCode::Refused, format_args!("{name}: not compiled: {why}"))),
        }
    }
}

/// A checksum of the code that tells two builds of a program apart (64-bit FNV-1a; not a signature).
fn tag(code: &[u8]) -> u64 {
    code.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
