//! What is to be known of a board: one [`Platform`] constant, in `<arch>/<board>/platform.rs`.
#![no_std]
#![forbid(unsafe_code)]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

pub use board::PLATFORM;

/// A board.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// `ARCH/BOARD`, the name of its folder.
    pub name: &'static str,
    /// The UART of the console.
    pub console: Uart,
    /// The UART of the control stream.
    pub control: Uart,
    /// The device that the timer service drives.
    pub timer: Timer,
}

/// A 16550 and its interrupt.
#[derive(Clone, Copy, Debug)]
pub struct Uart {
    /// First of its eight I/O ports.
    pub port: u16,
    /// Its interrupt line.
    pub irq: u32,
}

/// A high precision event timer and its interrupt.
#[derive(Clone, Copy, Debug)]
pub struct Timer {
    /// Physical address of its registers (one page).
    pub paddr: u64,
    /// The interrupt line of its comparator 0.
    pub irq: u32,
    /// The line of its comparator 1, which the timer service sets to a period and the root task gets: its watchdog then does
    /// not depend on that service. Where there is none, that service signals it.
    pub watch_irq: Option<u32>,
}
