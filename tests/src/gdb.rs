//! As much of GDB's remote protocol as it takes to write guest memory
//! (GDB manual, appendix E; QEMU's `Qqemu.PhyMemMode`).

use std::{
    fmt::Write as _,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use anyhow::{Result, bail};

/// A connection; the machine stands still while it is there.
#[derive(Debug)]
pub struct Gdb(UnixStream);

impl Gdb {
    /// Connects, which stops the machine, and turns to physical addresses.
    ///
    /// # Errors
    /// QEMU does not answer.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut gdb = Self(stream);
        gdb.0.write_all(b"+\x03")?;
        let _ = gdb.ask("?")?;
        if gdb.ask("Qqemu.PhyMemMode:1")? != "OK" {
            bail!("QEMU does not take physical addresses");
        }
        Ok(gdb)
    }

    /// Writes bytes at a physical address.
    ///
    /// # Errors
    /// There is no memory.
    pub fn write(&mut self, paddr: u64, bytes: &[u8]) -> Result<()> {
        for (i, chunk) in bytes.chunks(512).enumerate() {
            let mut command = format!("M{:x},{:x}:", paddr + 512 * i as u64, chunk.len());
            for byte in chunk {
                write!(command, "{byte:02x}")?;
            }
            let answer = self.ask(&command)?;
            if answer != "OK" {
                bail!("no memory at {paddr:#x}: {answer}");
            }
        }
        Ok(())
    }

    /// Lets the machine run and hangs up.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn go(mut self) -> Result<()> {
        if self.ask("D")? != "OK" {
            bail!("QEMU does not detach");
        }
        Ok(())
    }

    fn ask(&mut self, command: &str) -> Result<String> {
        let sum = command.bytes().fold(0u8, u8::wrapping_add);
        write!(self.0, "${command}#{sum:02x}")?;
        loop {
            let answer = self.packet()?;
            // The stop that connecting causes may be told late.
            if !answer.starts_with('T') || command == "?" {
                return Ok(answer);
            }
        }
    }

    fn packet(&mut self) -> Result<String> {
        let mut byte = [0];
        while byte != *b"$" {
            self.0.read_exact(&mut byte)?;
        }
        let mut text = String::new();
        loop {
            self.0.read_exact(&mut byte)?;
            if byte == *b"#" {
                break;
            }
            text.push(byte[0].into());
        }
        self.0.read_exact(&mut [0; 2])?;
        self.0.write_all(b"+")?;
        Ok(text)
    }
}
