//! Glue: bytes of the control stream in, frames to the control plane, its answers out.

use agent::{
    CELLS, CONTROL_RX, CONTROL_TX, COUNTERS, EVENTS, EVENTS_OWN, EVENTS_ROOT, HOOKS, LEDGER, MAPS, RATES,
    REPORT, ROOT, SERIAL, TABLE, TICK, TIMER,
    server::{Agent, Board, Memory},
};
use caps::standard::LOOK;
use proto::{device, frame};
use report::{control, counters::Counters};
use shm::{Consumer, Producer};
use svc::region;

svc::service!(main);
// The verifier's state, a bundle, decoded instructions.
svc::heap!(768 * 1024);

struct System;

impl Board for System {
    fn now_ns(&self) -> u64 {
        svc::clock::now_ns()
    }

    fn ticks_to_ns(&self, ticks: u64) -> u64 {
        let now = svc::clock::ticks();
        svc::clock::at(now).saturating_sub(svc::clock::at(now.saturating_sub(ticks)))
    }

    fn ask_root(&mut self, request: control::Request) -> Result<(), Option<control::Refusal>> {
        let (label, words) = request.encode();
        // The root task does not restart.
        let answer = svc::call(ROOT, label, words).map_err(|_| None)?;
        match answer.label() {
            0 => Ok(()),
            label => Err(control::Refusal::from_label(label)),
        }
    }

    fn hook_changed(&mut self, hook: u32) {
        // The other owners read the page at each event; this one has to set an alarm.
        if hook == 1 {
            svc::signal(TICK);
        }
        svc::signal(TIMER);
    }
}

/// The control stream.
struct Stream {
    from_host: Consumer<'static>,
    to_host: Producer<'static>,
    message: [u8; frame::MAX_MESSAGE],
    wire: [u8; frame::MAX_WIRE],
}

fn main() -> ! {
    let memory = Memory {
        ledger: region(LEDGER),
        maps: region(MAPS),
        hooks: region(HOOKS),
        report: region(REPORT),
        events_root: region(EVENTS_ROOT),
        events_own: region(EVENTS_OWN),
        table: region(TABLE),
        cells: region(CELLS),
        rates: region(RATES),
        counters: COUNTERS.map(region),
    };
    #[cfg(feature = "unverified")]
    log::error!("{}", agent::server::WARNING);
    let counters = Counters::new(region(caps::standard::METRICS));
    svc::counters(Agent::<System>::COUNTERS);
    let mut agent = Agent::new(memory, System).expect("the table's memory is as large as the agent needs");
    let mut stream = Stream {
        from_host: Consumer::new(region(CONTROL_RX)).expect("the memory holds a ring"),
        to_host: Producer::new(region(CONTROL_TX)).expect("the memory holds a ring"),
        message: [0; frame::MAX_MESSAGE],
        wire: [0; frame::MAX_WIRE],
    };
    let mut frames = frame::FrameReader::new();
    svc::ready();
    loop {
        let mut bytes = [0; 256];
        let n = stream.from_host.read_bytes(&mut bytes);
        if n == 0 {
            agent.publish(counters);
            if svc::wait(EVENTS) & LOOK != 0 {
                agent.detach_stopped();
            }
            continue;
        }
        // The driver may have stopped for want of room.
        svc::signal(SERIAL);
        for byte in &bytes[..n] {
            match frames.push(*byte) {
                None => {}
                Some(Err(_)) => agent.bad_frame(),
                Some(Ok(message)) => match device::decode(message) {
                    None => agent.bad_frame(),
                    Some(request) => stream.answer(&agent.serve(&request)),
                },
            }
        }
    }
}

impl Stream {
    /// Sends a response; waits for the driver where the ring is full.
    fn answer(&mut self, response: &device::Response) {
        let message = device::encode(response, &mut self.message);
        let Ok(mut wire) = frame::encode(message, &mut self.wire) else {
            return log::error!("a response does not fit a frame");
        };
        loop {
            wire = &wire[self.to_host.write_bytes(wire)..];
            svc::signal(SERIAL);
            if wire.is_empty() {
                return;
            }
            svc::wait(EVENTS);
        }
    }
}
