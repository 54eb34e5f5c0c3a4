//! The PC as QEMU's `pc` machine has it. Sources: README.md beside this file.

use crate::{Platform, Timer, Uart};

/// The board.
pub const PLATFORM: Platform = Platform {
    name: "x86_64/pc99",
    console: Uart { port: 0x3f8, irq: 4 },
    control: Uart { port: 0x2f8, irq: 3 },
    timer: Timer { paddr: 0xfed0_0000, irq: 2, watch_irq: Some(8) },
};
