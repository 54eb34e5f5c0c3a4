//! What the driver does when it is awake: one step at a time, each bounded, so that neither UART starves the other.

use shm::{Consumer, Producer};

use crate::{
    line::Printer,
    uart::{FIFO, Uart},
};

/// Bytes of the console that one event of the hook carries.
pub const EVENT_BYTES: usize = 16;
/// Both UARTs and what goes over them; `N` writers of log records.
#[derive(Debug)]
pub struct Driver<'a, U, const N: usize> {
    /// Where lines are printed; what an absent UART is given is dropped.
    pub console: Option<U>,
    /// The control stream's UART.
    pub control: Option<U>,
    /// The lines.
    pub printer: Printer<'a, N>,
    /// To the agent.
    pub to_agent: Producer<'a>,
    /// From the agent.
    pub from_agent: Consumer<'a>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    /// Bytes that the console received; [`Step::console_received`] of them.
    pub console: [u8; EVENT_BYTES],
    /// Bytes that the console received.
    pub console_received: usize,
    /// Bytes printed.
    pub console_sent: usize,
    /// Bytes passed to the agent.
    pub control_received: usize,
    /// Bytes taken from the agent.
    pub control_sent: usize,
    /// The agent has something to do: there are bytes for it, or all that it wrote was taken.
    pub wake_agent: bool,
    /// There is more to do: take another step before sleeping.
    pub busy: bool,
}

impl<U: Uart, const N: usize> Driver<'_, U, N> {
    /// Moves at most a FIFO's worth of bytes each way on each UART.
    pub fn step(&mut self) -> Step {
        let mut step = Step::default();
        self.console_step(&mut step);
        self.control_step(&mut step);
        step.wake_agent =
            step.control_received > 0 || step.control_sent > 0 && self.from_agent.available() == 0;
        let moved = step.console_received + step.console_sent + step.control_received + step.control_sent;
        // A step that moves nothing finds both interrupt lines low: each cause that is enabled was looked at and
        // is not there. So whatever comes next makes an edge, and the driver may sleep.
        step.busy = moved > 0;
        step
    }

    /// How often a UART lost bytes because nobody took them in time.
    pub fn overruns(&self) -> u64 {
        [&self.console, &self.control].into_iter().flatten().map(Uart::overruns).sum()
    }

    fn console_step(&mut self, step: &mut Step) {
        let mut chunk = [0; FIFO];
        let Some(uart) = &mut self.console else {
            step.console_sent = self.printer.take(&mut chunk);
            return;
        };
        step.console_received = uart.receive(&mut step.console);
        let mut waiting = self.printer.has_more();
        if waiting && uart.can_send() {
            step.console_sent = self.printer.take(&mut chunk);
            uart.send(&chunk[..step.console_sent]);
            waiting = self.printer.has_more();
        }
        uart.interrupt_on(true, waiting);
    }

    fn control_step(&mut self, step: &mut Step) {
        let mut chunk = [0; FIFO];
        let Some(uart) = &mut self.control else {
            step.control_sent = self.from_agent.read_bytes(&mut chunk);
            return;
        };
        let room = self.to_agent.free().min(FIFO);
        let received = uart.receive(&mut chunk[..room]);
        step.control_received = self.to_agent.write_bytes(&chunk[..received]);
        if self.from_agent.available() > 0 && uart.can_send() {
            step.control_sent = self.from_agent.read_bytes(&mut chunk);
            uart.send(&chunk[..step.control_sent]);
        }
        // What the agent has no room for stays in the UART and, when that is full, with the sender.
        uart.interrupt_on(self.to_agent.free() > 0, self.from_agent.available() > 0);
    }
}

#[cfg(test)]
mod tests;
