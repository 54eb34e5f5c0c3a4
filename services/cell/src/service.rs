//! Glue: requests come in, the runner answers.

use cell::{
    MAPS, PROGRAMS, REQUESTS, STATS, TRACE,
    runner::{Machine, Memory, Runner},
};
use svc::{Server, region};

svc::service!(main);
// Decoded programs, 32 bytes an instruction: as many as the region of programs holds, and their maps.
svc::heap!(320 * 1024);

struct Clock;

impl Machine for Clock {
    fn now_ns(&self) -> u64 {
        svc::clock::now_ns()
    }
}

fn main() -> ! {
    let memory =
        Memory { programs: region(PROGRAMS), maps: region(MAPS), stats: region(STATS), trace: region(TRACE) };
    let [events, refusals] = svc::counters(["requests", "refusals"]);
    let mut runner = Runner::new(memory, Clock).expect("the trace memory holds a ring");
    let server = Server::new(REQUESTS);
    svc::ready();
    let mut received = server.recv();
    loop {
        // Nobody holds a capability to signal this service: what comes is a request.
        events.add(1);
        let message = received.message;
        received = match runner.serve(received.badge, message.label(), message.words()) {
            Ok(verdict) => server.reply_recv(0, [verdict]),
            Err(refusal) => {
                refusals.add(1);
                server.reply_recv(refusal as u64, [])
            }
        };
    }
}
