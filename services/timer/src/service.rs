//! Glue: requests and the interrupt drive the schedule; the schedule sets the next interrupt.

use caps::standard;
use cell::hook::{self, Hook};
use platform::PLATFORM;
use report::counters::Counter;
use svc::{Message, Mmio, Server, clock, region};
use timer::{
    BIT_IRQ, CLIENTS, HOOKS, IRQ, REGISTERS, REQUESTS, Refusal, Request, WATCH_NS,
    clock::{Clock, Discipline},
    goldfish::{Absent, Goldfish},
    hpet::{Hpet, Registers, Unusable},
    schedule::Schedule,
    source::{Comparator, EventTimer, Generic},
};

svc::service!(main);

const PING: u64 = Request::Ping.encode().0;

struct Device(Mmio);

impl Registers for Device {
    fn read(&self, offset: usize) -> u32 {
        self.0.read32(offset)
    }

    fn write(&mut self, offset: usize, value: u32) {
        self.0.write32(offset, value);
    }
}

struct Processor(svc::Comparator);

impl Comparator for Processor {
    fn ticks(&self) -> u64 {
        clock::ticks()
    }

    fn set(&mut self, at: u64) {
        self.0.set(at);
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// The board's event timer.
enum Source {
    Hpet(Hpet<Device>),
    Generic(Generic<Processor>),
    Goldfish(Goldfish<Device>),
}

impl Source {
    fn start() -> Self {
        match PLATFORM.timer {
            platform::Timer::Hpet { paddr, .. } => match Hpet::start(Device(Mmio::new(REGISTERS))) {
                Ok(mut hpet) => {
                    hpet.watch(WATCH_NS);
                    Self::Hpet(hpet)
                }
                Err(Unusable::Absent) => panic!("no HPET at {paddr:#x}"),
                Err(Unusable::NoLegacyReplacement) => {
                    panic!("the HPET at {paddr:#x} can't replace the PIT")
                }
            },
            platform::Timer::Generic { .. } => match svc::Comparator::new() {
                Some(comparator) => Self::Generic(Generic::new(Processor(comparator), comparator.hz())),
                None => panic!("programs of this architecture have no timer"),
            },
            platform::Timer::Goldfish { paddr, .. } => match Goldfish::start(Device(Mmio::new(REGISTERS))) {
                Ok(clock) => Self::Goldfish(clock),
                Err(Absent) => panic!("no Goldfish RTC at {paddr:#x}"),
            },
        }
    }

    fn get(&mut self) -> &mut dyn EventTimer {
        match self {
            Self::Hpet(timer) => timer,
            Self::Generic(timer) => timer,
            Self::Goldfish(timer) => timer,
        }
    }
}

struct Timer {
    source: Source,
    page: Clock<'static>,
    discipline: Discipline,
    schedule: Schedule,
    hooks: [Hook<'static>; hook::HOOKS],
    counters: Counters,
}

struct Counters {
    irqs: Counter<'static>,
    requests: Counter<'static>,
    expiries: Counter<'static>,
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
        svc::turn();
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
        let mut source = Source::start();
        let page = Clock::new(region(standard::CLOCK)).expect("a page holds a clock");
        let [irqs, requests, expiries] = svc::counters(["irqs", "requests", "expiries"]);
        Self {
            discipline: Discipline::new(page.line(), clock::ticks(), source.get().now_ns()),
            source,
            page,
            schedule: Schedule::default(),
            hooks: core::array::from_fn(|i| {
                Hook::new(region(HOOKS), i as u32 + 1).expect("a page holds all hooks")
            }),
            counters: Counters { irqs, requests, expiries },
        }
    }

    fn request(&mut self, badge: u64, message: Message) -> Result<u64, Refusal> {
        self.counters.requests.add(1);
        let [first, second, ..] = message.words();
        let request = Request::decode(message.label(), [first, second]).ok_or(Refusal::Invalid)?;
        let answer = self.schedule.request(badge, request, self.now_ns());
        self.arm();
        answer
    }

    /// Does what is due after these signals, and sets the next interrupt.
    fn serve_due(&mut self, bits: u64) {
        if bits & (BIT_IRQ | standard::LOOK) != 0 {
            self.source.get().settle();
            // Before the next deadline is set: an edge that comes while the interrupt is masked is lost.
            svc::acknowledge(IRQ);
            self.counters.irqs.add(u64::from(bits & BIT_IRQ != 0));
        }
        let reference = self.source.get().now_ns();
        if let Some(line) = self.discipline.correct(clock::ticks(), reference) {
            self.page.set(line);
        }
        let armed = self.hooks.iter().any(Hook::is_armed);
        self.schedule.watch(armed, self.now_ns());
        let expiries = self.schedule.expire(self.now_ns(), |client| svc::signal(CLIENTS[client]));
        self.counters.expiries.add(expiries);
        self.arm();
    }

    fn arm(&mut self) {
        let idle_ns = self.schedule.idle_ns(self.now_ns());
        self.source.get().arm(idle_ns);
    }

    fn now_ns(&self) -> u64 {
        self.discipline.at(clock::ticks())
    }
}
