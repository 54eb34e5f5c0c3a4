//! Glue: events come in, the program answers.

use bpf_runtime::{
    interp::{Env, MAX_TEXT},
    isa::LOWEST_ADDRESS,
    jit::{Run, STACK_BYTES},
    map::{Map, MapSpec},
    native::{Entry, Host},
};
use caps::{Region, standard};
use cell::{
    CONTEXT, CONTEXT_BYTES, EVENTS, IMAGE, MAPS, OUT, OVER_BUDGET, STACK_PAGES,
    image::{self, Header},
    out::{Out, pages},
};
use heapless::Vec;
use shm::Producer;
use svc::{Server, clock, region};

svc::domain!(main);
// The engine's library can allocate; nothing here does.
svc::heap!(0);

const STACK_END: u64 = standard::STACK_TOP - STACK_PAGES * Region::PAGE;
const _: () =
    assert!(STACK_END >= LOWEST_ADDRESS && MAPS.vaddr >= LOWEST_ADDRESS && CONTEXT.vaddr >= LOWEST_ADDRESS);

/// What helpers reach.
struct System {
    trace: Option<Producer<'static>>,
    random: u64,
    slot: u32,
}

impl Env for System {
    fn now_ns(&mut self) -> u64 {
        clock::now_ns()
    }

    fn random_u32(&mut self) -> u32 {
        // xorshift64* (Vigna 2016): for sampling, not for secrets.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        let Some(trace) = &self.trace else { return };
        let (now, slot) = (clock::now_ns().to_le_bytes(), self.slot.to_le_bytes());
        // A full ring counts what it drops; the host is told.
        let _ = trace.push(&[&now, &slot, &text[..text.len().min(MAX_TEXT)]]);
    }
}

/// Its maps; those that it may write to with what a cell before this one was in the middle of undone.
fn maps(header: &Header) -> Vec<Map<'static>, { image::MAPS }> {
    let mut maps = Vec::new();
    for (index, at) in header.map[..header.maps as usize].iter().enumerate() {
        let pages = u64::from(at.bytes).div_ceil(Region::PAGE);
        let memory = region(Region::at(at.address.into(), pages));
        // Not from the map's own header, which another program that shares it may have written over.
        let spec = MapSpec::from_words(at.spec).expect("the agent wrote it");
        let map = Map::new(memory, spec).expect("the agent made it").owned_by(header.owner);
        if header.written >> index & 1 != 0 {
            map.recover(header.owner);
        }
        // As many as the header can hold.
        let _ = maps.push(map);
    }
    maps
}

fn main() -> ! {
    let header = Header::read(region(Region::at(IMAGE.vaddr, 1))).expect("the agent wrote it");
    let maps = maps(&header);
    let out = Out(region(Region::at(OUT.vaddr, pages(header.prints) as u64)));
    let trace = if header.prints { out.producer().ok() } else { None };
    // The frames of the program; aligned to 16 bytes.
    let mut frames = [0_u128; STACK_BYTES / 16];
    let stack = frames.as_mut_ptr().expose_provenance() as u64;
    let system = System { trace, random: header.seed | 1, slot: header.slot };
    let mut host = Host::new(&maps, system, (stack, STACK_BYTES as u64));
    let fresh = Run::new(stack, &Host::<System>::FUNCTIONS, &[]);
    let mut run = fresh.clone();
    let mut counts = out.counts();
    // SAFETY: the image behind the header is what the agent compiled of a program that it verified, for these maps and
    // this stack; image, maps and stack stay mapped as long as this domain lives.
    let entry = unsafe { Entry::at(IMAGE.vaddr + image::CODE as u64) };
    let server = Server::new(EVENTS);
    let mut received = server.recv();
    loop {
        let start = clock::ticks();
        let context = received.message.words();
        let words = context.as_ptr().expose_provenance() as u64;
        run.arguments[0] = if header.context_bytes > CONTEXT_BYTES { CONTEXT.vaddr } else { words };
        run.fuel = header.fuel;
        // SAFETY: what `run` points to are locals of this function, which never returns.
        let verdict = unsafe { entry.run(&mut host, &mut run) };
        counts.runs += 1;
        counts.ticks += clock::ticks() - start;
        if run.trap().is_some() {
            counts.stopped += 1;
            out.set_counts(counts);
            host.discard_records();
            run = fresh.clone();
            // The root task stops this cell, and answers for it.
            svc::tell(standard::FAULT, OVER_BUDGET, [header.fuel]);
        }
        out.set_counts(counts);
        received = server.reply_recv(0, [verdict]);
    }
}
