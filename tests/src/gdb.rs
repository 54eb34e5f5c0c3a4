//! As much of GDB's remote protocol as it takes to write guest memory, and to stop where the kernel does something
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
        // QEMU gives single registers to those only who have asked what there are (`gdbstub.c`, `gdb_has_xml`).
        let _ = gdb.ask("qXfer:features:read:target.xml:0,400")?;
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

    /// A register, by its number among those of `target/i386/gdbstub.c` in QEMU.
    ///
    /// # Errors
    /// QEMU has none of this number.
    pub fn register(&mut self, number: u32) -> Result<u64> {
        let hex = self.ask(&format!("p{number:x}"))?;
        let Ok(word) = u64::from_str_radix(&hex, 16) else { bail!("no register {number}: {hex}") };
        Ok(word.swap_bytes())
    }

    /// Sets a register.
    ///
    /// # Errors
    /// As [`Gdb::register`].
    pub fn set_register(&mut self, number: u32, value: u64) -> Result<()> {
        match self.ask(&format!("P{number:x}={:016x}", value.swap_bytes()))?.as_str() {
            "OK" => Ok(()),
            answer => bail!("register {number} can't be set: {answer}"),
        }
    }

    /// Lets the machine run until it comes to this address, and stand still there.
    ///
    /// # Errors
    /// It does not come there within ten seconds.
    pub fn run_to(&mut self, vaddr: u64) -> Result<()> {
        let answer = self.ask(&format!("Z0,{vaddr:x},1"))?;
        if answer != "OK" {
            bail!("no breakpoint at {vaddr:#x}: {answer}");
        }
        self.send("c")?;
        while !self.packet()?.starts_with('T') {}
        let answer = self.ask(&format!("z0,{vaddr:x},1"))?;
        if answer != "OK" {
            bail!("the breakpoint at {vaddr:#x} stays: {answer}");
        }
        Ok(())
    }

    /// Lets the machine take one instruction.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn step(&mut self) -> Result<()> {
        self.send("s")?;
        while !self.packet()?.starts_with('T') {}
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

    fn send(&mut self, command: &str) -> Result<()> {
        let sum = command.bytes().fold(0u8, u8::wrapping_add);
        Ok(write!(self.0, "${command}#{sum:02x}")?)
    }

    fn ask(&mut self, command: &str) -> Result<String> {
        self.send(command)?;
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
