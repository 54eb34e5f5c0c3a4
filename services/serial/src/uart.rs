//! UARTs.

pub mod ns16550;
pub mod pl011;

pub use ns16550::Ns16550;
pub use pl011::Pl011;

/// Bytes of a transmitter's FIFO: at most so many are sent at once.
pub const FIFO: usize = 16;

/// A UART that runs.
pub trait Uart {
    /// Takes received bytes; gives their number, less than there is room for if no more wait.
    fn receive(&mut self, into: &mut [u8]) -> usize;
    /// Whether [`FIFO`] bytes can be sent.
    fn can_send(&mut self) -> bool;
    /// Sends `bytes`, at most [`FIFO`]; after [`Uart::can_send`] said yes.
    fn send(&mut self, bytes: &[u8]);
    /// Interrupts when bytes were received, and when bytes can be sent.
    fn interrupt_on(&mut self, received: bool, can_send: bool);
    /// How often bytes were lost because nobody took them in time.
    fn overruns(&self) -> u64;
}

/// One of them: the board says which.
#[derive(Debug)]
pub enum AnyUart<R> {
    /// A 16550.
    Ns16550(Ns16550<R>),
    /// A PL011.
    Pl011(Pl011<R>),
}

/// What is done by whichever it is.
macro_rules! either {
    ($self:ident, $uart:ident => $work:expr) => {
        match $self {
            Self::Ns16550($uart) => $work,
            Self::Pl011($uart) => $work,
        }
    };
}

impl<R: ns16550::Registers + pl011::Registers> Uart for AnyUart<R> {
    fn receive(&mut self, into: &mut [u8]) -> usize {
        either!(self, uart => uart.receive(into))
    }

    fn can_send(&mut self) -> bool {
        either!(self, uart => uart.can_send())
    }

    fn send(&mut self, bytes: &[u8]) {
        either!(self, uart => uart.send(bytes));
    }

    fn interrupt_on(&mut self, received: bool, can_send: bool) {
        either!(self, uart => uart.interrupt_on(received, can_send));
    }

    fn overruns(&self) -> u64 {
        either!(self, uart => uart.overruns())
    }
}
