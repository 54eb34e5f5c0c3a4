//! A serial port.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use serialport::SerialPort;

use super::Link;

struct Tty(Box<dyn SerialPort>);

impl Read for Tty {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Tty {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Link for Tty {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        Ok(self.0.set_timeout(timeout)?)
    }
}

/// Opens the serial port at `path`: 8 data bits, no parity, no flow control.
pub fn open(path: &str, baud: u32) -> io::Result<Box<dyn Link>> {
    Ok(Box::new(Tty(serialport::new(path, baud).open()?)))
}
