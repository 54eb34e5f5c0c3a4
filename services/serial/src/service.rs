//! Glue: interrupts and signals wake the driver, received bytes go to the hook.

use cell::{
    EVENT, attached,
    hook::{Delivery, Hook},
};
use platform::{PLATFORM, Uart as Place};
use serial::{
    AGENT, BIT_CONSOLE, BIT_CONTROL, CONSOLE_IRQ, CONSOLE_PORTS, CONTROL_IRQ, CONTROL_PORTS, CONTROL_RX,
    CONTROL_TX, EVENTS, HOOKS, LOG_CLIENTS, LOGS,
    driver::{Driver, EVENT_BYTES, Step},
    line::Printer,
    uart::{Registers, Uart},
};
use shm::{Consumer, Producer};
use svc::{Ports, region};

svc::service!(main);

/// The rings of all who log: the driver's clients and itself.
const WRITERS: usize = LOG_CLIENTS.len() + 1;
/// The number of the hook.
const HOOK: u32 = 2;
/// The console's number in the context of the hook.
const CONSOLE: u64 = 0;

struct Device(Ports);

impl Registers for Device {
    fn read(&mut self, offset: u16) -> u8 {
        self.0.read8(offset)
    }

    fn write(&mut self, offset: u16, value: u8) {
        self.0.write8(offset, value);
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
    let (mut busy, mut printed, mut overrun) = (true, 0, 0);
    loop {
        let bits = if busy {
            // Else the timer, which has the same priority, would wait for the end of this service's time slice.
            svc::yield_now();
            svc::poll(EVENTS)
        } else {
            svc::wait(EVENTS)
        };
        // Before the UARTs are looked at: an edge that comes while its interrupt is masked is lost.
        for (bit, irq) in [(BIT_CONSOLE, CONSOLE_IRQ), (BIT_CONTROL, CONTROL_IRQ)] {
            if bits & bit != 0 {
                svc::acknowledge(irq);
                irqs.add(1);
            }
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

fn driver() -> Driver<'static, Device, WRITERS> {
    let ring = |place| Consumer::new(region(place)).expect("the region holds a ring");
    let writers = core::array::from_fn(|i| match LOG_CLIENTS.get(i) {
        Some(&name) => (name, ring(LOGS[i])),
        None => ("serial", ring(caps::standard::LOG)),
    });
    Driver {
        console: open("console", CONSOLE_PORTS, PLATFORM.console),
        control: open("control stream", CONTROL_PORTS, PLATFORM.control),
        printer: Printer::new(writers),
        to_agent: Producer::new(region(CONTROL_RX)).expect("the region holds a ring"),
        from_agent: ring(CONTROL_TX),
    }
}

fn open(name: &str, slot: caps::Slot, place: Place) -> Option<Uart<Device>> {
    let uart = Uart::open(Device(Ports::new(slot, place.port)));
    if uart.is_none() {
        log::warn!("no UART at port {:#x}: going on without the {name}", place.port);
    }
    uart
}

/// Calls the programs on the hook with what the console received.
fn fire(hook: &Hook<'_>, step: &Step) -> Delivery {
    let half = |at: usize| {
        let mut bytes = [0; EVENT_BYTES / 2];
        bytes.copy_from_slice(&step.console[at..at + EVENT_BYTES / 2]);
        u64::from_le_bytes(bytes)
    };
    // struct hypos_serial.
    let port_and_len = CONSOLE | (step.console_received as u64) << 32;
    hook.deliver(|place| {
        let context = [svc::clock::now_ns(), port_and_len, half(0), half(EVENT_BYTES / 2)];
        svc::call(attached(place), EVENT, context).ok()?.value()
    })
}
