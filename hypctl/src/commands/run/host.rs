//! The world of a program on the host: maps, clock, what it prints.

use std::{sync::atomic::AtomicU64, time::Instant};

use anyhow::{Context, Result, anyhow};
use bpf_runtime::{
    bundle::{Bundle, Lines, Program},
    hook::{Hook, SOCKET},
    interp::{self, Env, Outcome, Packet, Trap},
    map::{Map, MapSpec},
    verifier::Summary,
};
use shm::Shm;

use super::report::{Body, Record, Run};

/// Records kept at most: what programs print, and send through ring buffers.
const MAX_RECORDS: usize = 10_000;
/// Bytes kept of a record from a ring buffer.
const MAX_RECORD_BYTES: usize = 4096;

/// Room before a packet, for programs that add to it: Linux's `XDP_PACKET_HEADROOM`.
const HEADROOM: usize = 256;
/// Room behind a packet: what Linux keeps free in a page for a packet's description.
const TAILROOM: usize = 320;

/// What a program is run for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The packet, for hooks that get one.
    pub packet: Option<Vec<u8>>,
    /// The hook's context.
    pub context: Vec<u8>,
}

/// A map with its memory.
pub struct HostMap {
    /// Its name in the object.
    pub name: String,
    /// What it is.
    pub spec: MapSpec,
    memory: Vec<AtomicU64>,
}

impl HostMap {
    /// A view of the map.
    pub fn open(&self) -> Result<Map<'_>> {
        Map::open(Shm::from_words(&self.memory)).map_err(|e| anyhow!("map {}: {e}", self.name))
    }
}

/// A program and its world.
pub struct Host<'b> {
    code: interp::Program,
    lines: Lines<'b>,
    hook: &'static Hook,
    fuel: u64,
    /// The object's maps, in its order.
    pub maps: Vec<HostMap>,
    world: World,
}

/// What helpers reach.
struct World {
    program: String,
    started: Instant,
    random: u64,
    records: Vec<Record>,
    left_out: u64,
}

impl<'b> Host<'b> {
    /// Makes the maps of `bundle` and prepares `program`.
    ///
    /// # Errors
    /// Memory is out.
    pub fn new(
        bundle: &Bundle<'b>,
        program: &Program<'b>,
        hook: &'static Hook,
        summary: &Summary,
    ) -> Result<Self> {
        let insns: Vec<_> = program.insns().collect();
        let code = interp::Program::new(&insns).map_err(|e| anyhow!("program {}: {e}", program.name))?;
        Ok(Self {
            code,
            lines: program.lines,
            hook,
            // As on the device.
            fuel: summary.instruction_bound.map_or(cell::FUEL, |bound| bound.min(cell::FUEL)),
            maps: bundle.maps().map(|map| make(map.name, map.spec, map.initial)).collect::<Result<_>>()?,
            world: World {
                program: program.name.into(),
                started: Instant::now(),
                // Always the same numbers: a run can be repeated.
                random: 1,
                records: Vec::new(),
                left_out: 0,
            },
        })
    }

    /// Runs the program `times` times for an event, until it traps.
    pub fn run(&mut self, event: &Event, times: u64) -> Run {
        let mut run = Run::default();
        let Self { code, fuel, maps, world, hook, .. } = self;
        // Each was opened when it was made.
        let views: Vec<_> = maps.iter().filter_map(|map| map.open().ok()).collect();
        let mut ns = 0;
        while run.runs < times && run.trap.is_none() {
            let mut memory = Memory::new(hook, event);
            let mut packet =
                memory.buffer.as_mut().and_then(|(buffer, len)| Packet::new(buffer, HEADROOM, *len));
            let start = Instant::now();
            let ended = match &mut packet {
                Some(packet) => {
                    interp::run_on_packet(code, (hook, &mut memory.context), packet, &views, world, *fuel)
                }
                None => interp::run(code, &memory.context, &views, world, *fuel),
            };
            ns += start.elapsed().as_nanos() as u64;
            run.packet_bytes = packet.map(|packet| packet.bytes().len());
            run.runs += 1;
            match ended {
                Ok(Outcome { r0, instructions }) => {
                    (run.r0, run.instructions) = (Some(r0), Some(instructions));
                }
                Err(trap) => {
                    (run.r0, run.instructions) = (None, None);
                    run.trap = Some(described(trap, self.lines));
                }
            }
            for (view, map) in views.iter().zip(maps.iter()) {
                world.drain(&map.name, view);
            }
        }
        run.duration_ns = ns / run.runs.max(1);
        run
    }

    /// What the program printed and sent, and how many records more there were.
    pub fn into_records(self) -> (Vec<Record>, u64) {
        (self.world.records, self.world.left_out)
    }
}

/// The memory of one run.
struct Memory {
    context: Vec<u8>,
    /// The packet with room around it, and its length.
    buffer: Option<(Vec<u8>, usize)>,
}

impl Memory {
    fn new(hook: &Hook, event: &Event) -> Self {
        let mut context = event.context.clone();
        let buffer = event.packet.as_ref().map(|packet| {
            let mut buffer = vec![0; HEADROOM + packet.len() + TAILROOM];
            buffer[HEADROOM..][..packet.len()].copy_from_slice(packet);
            (buffer, packet.len())
        });
        let length = hook.context.iter().find(|field| field.name == "len" && hook.number == SOCKET);
        if let (Some(field), Some((_, len))) = (length, &buffer)
            && let Some(place) = context.get_mut(field.offset as usize..)
            && let Some(place) = place.first_chunk_mut()
            && *place == [0; 4]
        {
            *place = (*len as u32).to_le_bytes();
        }
        Self { context, buffer }
    }
}

/// Makes a map in memory of its own.
fn make(name: &str, spec: MapSpec, initial: &[u8]) -> Result<HostMap> {
    let words = spec.memory_bytes().div_ceil(8);
    let mut memory = Vec::new();
    memory.try_reserve_exact(words).with_context(|| format!("map {name}: {words} words of memory"))?;
    memory.resize_with(words, AtomicU64::default);
    let map = Map::create(Shm::from_words(&memory), &spec).map_err(|e| anyhow!("map {name}: {e}"))?;
    if !initial.is_empty() {
        map.set_contents(initial).map_err(|e| anyhow!("map {name}: {e}"))?;
    }
    Ok(HostMap { name: name.into(), spec, memory })
}

/// A trap and, where it is known, the source line.
fn described(trap: Trap, lines: Lines<'_>) -> String {
    match lines.find(trap.at) {
        Some(line) => format!("{trap}\n  source: {}:{}: {}", line.file, line.line, line.text.trim()),
        None => trap.to_string(),
    }
}

impl World {
    fn keep(&mut self, record: impl FnOnce() -> Record) {
        if self.records.len() < MAX_RECORDS {
            self.records.push(record());
        } else {
            self.left_out += 1;
        }
    }

    /// Takes what waits in a ring buffer.
    fn drain(&mut self, name: &str, map: &Map<'_>) {
        let Some(ring) = map.ring() else { return };
        let mut bytes = [0; MAX_RECORD_BYTES];
        while let Some(size) = ring.consume(&mut bytes) {
            let data = &bytes[..size.min(MAX_RECORD_BYTES)];
            self.keep(|| Record { source: name.into(), size, body: Body::Data(data.into()) });
        }
    }
}

impl Env for World {
    fn now_ns(&mut self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    fn random_u32(&mut self) -> u32 {
        // Knuth's 64-bit linear congruential generator (The Art of Computer Programming 2, 3.3.4), its upper half.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 32) as u32
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        let (source, size) = (self.program.clone(), text.len());
        let text = String::from_utf8_lossy(text).into_owned();
        self.keep(|| Record { source, size, body: Body::Text(text) });
    }
}
