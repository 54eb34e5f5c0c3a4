//! Glue: interrupts and signals wake the driver, received bytes go to the hook.

use cell::{
    EVENT, attached,
    hook::{Delivery, Hook},
};
use platform::{PLATFORM, Place, Trigger, UartKind};
use serial::{
    AGENT, BIT_CONSOLE, BIT_CONTROL, CONSOLE, CONSOLE_IRQ, CONTROL, CONTROL_IRQ, CONTROL_RX, CONTROL_TX,
    Device, EVENTS, HOOKS, LOG_CLIENTS, LOGS,
    driver::{Driver, EVENT_BYTES, Step},
    line::Printer,
    uart::{AnyUart, Ns16550, Pl011, ns16550, pl011},
};
use shm::{Consumer, Producer};
use svc::{Mmio, Ports, region};

svc::service!(main);

/// The rings of all who log: the driver's clients and itself.
const WRITERS: usize = LOG_CLIENTS.len() + 1;
/// The number of the hook.
const HOOK: u32 = 2;
/// The console's number in the context of the hook.
const CONSOLE_NUMBER: u64 = 0;

/// The interrupts: bit, capability, how the line tells.
const LINES: [(u64, caps::Slot, Trigger); 2] = [
    (BIT_CONSOLE, CONSOLE_IRQ, PLATFORM.console.trigger),
    (BIT_CONTROL, CONTROL_IRQ, PLATFORM.control.trigger),
];

/// A UART's registers.
enum Registers {
    Ports(Ports),
    Mmio(Mmio, u16),
}

impl ns16550::Registers for Registers {
    fn read(&mut self, offset: u16) -> u8 {
        match self {
            Self::Ports(ports) => ports.read8(offset),
            Self::Mmio(page, first) => page.read8(usize::from(*first + offset)),
        }
    }

    fn write(&mut self, offset: u16, value: u8) {
        match self {
            Self::Ports(ports) => ports.write8(offset, value),
            Self::Mmio(page, first) => page.write8(usize::from(*first + offset), value),
        }
    }
}

impl pl011::Registers for Registers {
    fn read(&mut self, offset: u16) -> u32 {
        match self {
            // No board has one there.
            Self::Ports(_) => 0,
            Self::Mmio(page, first) => page.read32(usize::from(*first + offset)),
        }
    }

    fn write(&mut self, offset: u16, value: u32) {
        if let Self::Mmio(page, first) = self {
            page.write32(usize::from(*first + offset), value);
        }
    }
}

fn main() -> ! {
    let [
        irqs,
        lines,
        lost,
        console_out,
        console_in,
        control_out,
        control_in,
        overruns,
        events,
        failures,
        taken,
    ] = svc::counters([
        "irqs",
        "log_lines",
        "log_lost",
        "console_out",
        "console_in",
        "control_out",
        "control_in",
        "overruns",
        "hook_events",
        "hook_failures",
        "hook_taken",
    ]);
    let mut driver = driver();
    let hook = Hook::new(region(HOOKS), HOOK).expect("a page holds all hooks");
    // An interrupt that came before the driver was built again is not delivered until it is acknowledged.
    svc::acknowledge(CONSOLE_IRQ);
    svc::acknowledge(CONTROL_IRQ);
    svc::ready();
    svc::signal(AGENT);
    let (mut busy, mut printed, mut overrun, mut handled) = (true, 0, 0, 0);
    loop {
        if !busy {
            // Their causes are gone: a level that still stood would interrupt again at once.
            acknowledge(core::mem::take(&mut handled), Trigger::Level);
        }
        let bits = if busy {
            // Else the timer, which has the same priority, would wait for the end of this service's time slice.
            svc::yield_now();
            svc::poll(EVENTS)
        } else {
            svc::wait(EVENTS)
        };
        if bits & (BIT_CONSOLE | BIT_CONTROL) != 0 {
            // Before the UARTs are looked at: an edge that comes while its interrupt is masked is lost.
            acknowledge(bits, Trigger::Edge);
            irqs.add((bits & (BIT_CONSOLE | BIT_CONTROL)).count_ones().into());
            handled |= bits;
        }
        let step = driver.step();
        busy = step.busy;
        if step.wake_agent {
            svc::signal(AGENT);
        }
        if step.console_received > 0 && hook.is_armed() {
            let delivery = fire(&hook, &step);
            events.add(delivery.called);
            failures.add(delivery.failed);
            taken.add(delivery.taken.into());
        }
        console_out.add(step.console_sent as u64);
        console_in.add(step.console_received as u64);
        control_out.add(step.control_sent as u64);
        control_in.add(step.control_received as u64);
        lines.add(driver.printer.lines() - printed);
        printed = driver.printer.lines();
        overruns.add(driver.overruns() - overrun);
        overrun = driver.overruns();
        lost.set(driver.printer.lost());
    }
}

/// Acknowledges those interrupts of `bits` that tell in this way.
fn acknowledge(bits: u64, trigger: Trigger) {
    for (bit, irq, its) in LINES {
        if its == trigger && bits & bit != 0 {
            svc::acknowledge(irq);
        }
    }
}

fn driver() -> Driver<'static, AnyUart<Registers>, WRITERS> {
    let ring = |place| Consumer::new(region(place)).expect("the region holds a ring");
    let writers = core::array::from_fn(|i| match LOG_CLIENTS.get(i) {
        Some(&name) => (name, ring(LOGS[i])),
        None => ("serial", ring(caps::standard::LOG)),
    });
    Driver {
        console: open("console", CONSOLE, PLATFORM.console),
        control: open("control stream", CONTROL, PLATFORM.control),
        printer: Printer::new(writers),
        to_agent: Producer::new(region(CONTROL_RX)).expect("the region holds a ring"),
        from_agent: ring(CONTROL_TX),
    }
}

fn open(name: &str, device: Device, uart: platform::Uart) -> Option<AnyUart<Registers>> {
    let registers = match uart.at {
        Place::Ports(first) => Registers::Ports(Ports::new(device.ports, first)),
        Place::Mmio(paddr) => Registers::Mmio(Mmio::new(device.page), (paddr % 4096) as u16),
    };
    let opened = match uart.kind {
        UartKind::Ns16550 => Ns16550::open(registers).map(AnyUart::Ns16550),
        UartKind::Pl011 => Pl011::open(registers).map(AnyUart::Pl011),
    };
    if opened.is_none() {
        match uart.at {
            Place::Ports(first) => log::warn!("no UART at port {first:#x}: going on without the {name}"),
            Place::Mmio(paddr) => log::warn!("no UART at {paddr:#x}: going on without the {name}"),
        }
    }
    opened
}

/// Calls the programs on the hook with what the console received.
fn fire(hook: &Hook<'_>, step: &Step) -> Delivery {
    let half = |at: usize| {
        let mut bytes = [0; EVENT_BYTES / 2];
        bytes.copy_from_slice(&step.console[at..at + EVENT_BYTES / 2]);
        u64::from_le_bytes(bytes)
    };
    // struct hypos_serial.
    let port_and_len = CONSOLE_NUMBER | (step.console_received as u64) << 32;
    hook.deliver(|place| {
        let context = [svc::clock::now_ns(), port_and_len, half(0), half(EVENT_BYTES / 2)];
        svc::call(attached(place), EVENT, context).ok()?.value()
    })
}
