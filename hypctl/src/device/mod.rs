//! The way to a device: a Unix socket, a TCP address or a tty.

mod find;
mod tcp;
mod tty;
mod unix;

use std::{
    fmt,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};

pub use find::find;

/// Baud rate of a control UART.
pub const BAUD: u32 = 115_200;

/// An open byte stream to a device.
pub trait Link: Read + Write {
    /// How long the next reads and writes wait at most.
    ///
    /// # Errors
    /// The system's.
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()>;
}

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket, as QEMU offers for a UART.
    Unix(PathBuf),
    /// A TCP address, `host:port`.
    Tcp(String),
    /// A serial port.
    Tty(String),
}

impl Address {
    /// Reads an address as `--device` takes it. What holds a `/` is a path: a socket, or a tty if a character device
    /// lies there.
    ///
    /// # Errors
    /// It is none of the three.
    pub fn parse(text: &str) -> Result<Self> {
        let path = Path::new(text);
        if is_tty(path) {
            return Ok(Self::Tty(text.into()));
        }
        if text.contains('/') || path.exists() {
            return Ok(Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        let port: Option<u16> = port.parse().ok();
        port.filter(|_| !host.is_empty())
            .with_context(|| format!("device {text}: neither a socket's path, host:port nor a tty's path"))?;
        Ok(Self::Tcp(text.into()))
    }

    /// Opens it.
    ///
    /// # Errors
    /// Nobody listens there, or the system's.
    pub fn open(&self, timeout: Duration) -> Result<Box<dyn Link>> {
        let opened = match self {
            Self::Unix(path) => unix::open(path),
            Self::Tcp(address) => tcp::open(address, timeout),
            Self::Tty(path) => tty::open(path, BAUD),
        };
        opened.map_err(|e| self.no_answer(&e))
    }

    /// What to tell if the address could not be opened.
    fn no_answer(&self, error: &io::Error) -> anyhow::Error {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        match error.kind() {
            ConnectionRefused | NotFound if !matches!(self, Self::Tty(_)) => {
                anyhow::anyhow!("no answer from {self}: is hypOS running? start it with scripts/run.sh")
            }
            _ => anyhow::anyhow!("device {self}: {error}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(text) | Self::Tty(text) => f.write_str(text),
        }
    }
}

/// Whether a character device lies at `path`.
fn is_tty(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|m| m.file_type().is_char_device())
}
