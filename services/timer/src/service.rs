//! Glue: requests, the interrupt and the hook drive the schedule; the schedule sets the next interrupt.

use caps::standard;
use cell::hook::Hook;
use report::counters::Counter;
use svc::{Message, Mmio, Server, clock, region};
use timer::{
    BIT_HOOK, BIT_IRQ, CELL, CLIENTS, HOOK, IRQ, REGISTERS, REQUESTS, Refusal, Request,
    clock::{Clock, Discipline},
    hpet::{Hpet, Registers, Unusable},
    schedule::Schedule,
};

svc::service!(main);
// The library of the cell's protocol can allocate; nothing here does.
svc::heap!(0);

const PING: u64 = Request::Ping.encode().0;

/// Where the event timer is, for those who look for it.
const AT: u64 = platform::PLATFORM.timer.paddr;

struct Device(Mmio);

impl Registers for Device {
    fn read(&self, offset: usize) -> u32 {
        self.0.read32(offset)
    }

    fn write(&mut self, offset: usize, value: u32) {
        self.0.write32(offset, value);
    }
}

struct Timer {
    hpet: Hpet<Device>,
    page: Clock<'static>,
    discipline: Discipline,
    schedule: Schedule<'static>,
    counters: Counters,
}

struct Counters {
    irqs: Counter<'static>,
    requests: Counter<'static>,
    expiries: Counter<'static>,
    events: Counter<'static>,
    failures: Counter<'static>,
    skipped: Counter<'static>,
    late_max: Counter<'static>,
    latest_ns: u64,
}

fn main() -> ! {
    let mut timer = Timer::start();
    let server = Server::new(REQUESTS);
    svc::ready();
    // Clients' timers were forgotten if this is not the first start: they ask, see that none expired, and set them
    // again.
    CLIENTS.into_iter().for_each(svc::signal);
    timer.serve_due(BIT_IRQ);
    let mut received = server.recv();
    loop {
        received = if let Some(bits) = received.signals() {
            timer.serve_due(bits);
            server.recv()
        } else if received.message.is(PING) {
            server.reply_recv(0, [])
        } else {
            match timer.request(received.badge, received.message) {
                Ok(word) => server.reply_recv(0, [word]),
                Err(refusal) => server.reply_recv(refusal as u64, []),
            }
        };
    }
}

impl Timer {
    fn start() -> Self {
        let mut hpet = match Hpet::start(Device(Mmio::new(REGISTERS))) {
            Ok(hpet) => hpet,
            Err(Unusable::Absent) => panic!("no HPET at {AT:#x}"),
            Err(Unusable::NoLegacyReplacement) => panic!("the HPET at {AT:#x} can't replace the PIT"),
        };
        let page = Clock::new(region(standard::CLOCK)).expect("a page holds a clock");
        let hook = Hook::new(region(HOOK)).expect("a page holds a hook");
        let [irqs, requests, expiries, events, failures, skipped, late_max] = svc::counters([
            "irqs",
            "requests",
            "expiries",
            "hook_events",
            "hook_failures",
            "hook_skipped",
            "hook_late_ns_max",
        ]);
        Self {
            discipline: Discipline::new(page.line(), clock::ticks(), hpet.now_ns()),
            hpet,
            page,
            schedule: Schedule::new(hook, clock::now_ns()),
            counters: Counters {
                irqs,
                requests,
                expiries,
                events,
                failures,
                skipped,
                late_max,
                latest_ns: 0,
            },
        }
    }

    fn request(&mut self, badge: u64, message: Message) -> Result<u64, Refusal> {
        self.counters.requests.add(1);
        let [first, second, ..] = message.words();
        let request = Request::decode(message.label(), [first, second]).ok_or(Refusal::Invalid)?;
        let answer = self.schedule.request(badge, request, clock::now_ns());
        self.arm();
        answer
    }

    /// Does what is due after these signals, and sets the next interrupt.
    fn serve_due(&mut self, bits: u64) {
        if bits & BIT_IRQ != 0 {
            // Before the next deadline is set: an edge that comes while the interrupt is masked is lost.
            svc::acknowledge(IRQ);
            self.counters.irqs.add(1);
        }
        if let Some(line) = self.discipline.correct(self.page.line(), clock::ticks(), self.hpet.now_ns()) {
            self.page.set(line);
        }
        if bits & BIT_HOOK != 0 {
            self.schedule.attachments_changed(clock::now_ns());
        }
        let expiries = self.schedule.expire(clock::now_ns(), |client| svc::signal(CLIENTS[client]));
        self.counters.expiries.add(expiries);
        let mut failures = 0;
        let round = self.schedule.tick(clock::now_ns, |program, context| {
            let answer = svc::call(CELL, cell::Request::Event { program }.label(), context);
            failures += u64::from(answer.is_err() || answer.is_ok_and(|answer| answer.label() != 0));
        });
        let counters = &mut self.counters;
        counters.events.add(round.events);
        counters.failures.add(failures);
        counters.skipped.add(round.skipped);
        counters.latest_ns = counters.latest_ns.max(round.late_ns);
        counters.late_max.set(counters.latest_ns);
        self.arm();
    }

    fn arm(&mut self) {
        self.hpet.arm(self.schedule.idle_ns(clock::now_ns()));
    }
}
