//! Registers and refusals as text.
use alloc::string::String;
use core::fmt::{self, Write};

use super::{
    num::Num,
    scalar::Scalar,
    state::State,
    value::{Base, Pointer, Reg, Word},
};

/// Text that takes what memory allows.
pub struct Log(pub String);

impl Write for Log {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| fmt::Error)?;
        self.0.push_str(text);
        Ok(())
    }
}

/// What is displayed, cut off where memory is out.
pub fn text(shown: &dyn fmt::Display) -> String {
    let mut log = Log(String::new());
    let _ = write!(log, "{shown}");
    log.0
}

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(_) => write!(f, "{}", self.smin),
            None if *self == Self::unknown(64) => f.write_str("any"),
            None if self.smin < 0 && self.smin != i64::MIN => write!(f, "{}..={}", self.smin, self.smax),
            None => write!(f, "{}..={}", self.umin, self.umax),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wide.fmt(f)?;
        // The low half, where it says more.
        if self.low != self.wide.truncate(32) {
            write!(f, " (w {}..={})", self.low.umin, self.low.umax)?;
        }
        Ok(())
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.base {
            Base::Stack(frame) => write!(f, "stack[{frame}]")?,
            Base::Context => f.write_str("context")?,
            Base::Value(map) => write!(f, "value of map[{map}]")?,
            Base::Global(map) => write!(f, "map[{map}][0]")?,
            Base::Map(map) => write!(f, "map[{map}]")?,
            Base::Record(size) => write!(f, "record of {size} bytes")?,
            Base::Packet => f.write_str("packet")?,
            Base::Meta => f.write_str("metadata")?,
            Base::PacketEnd => f.write_str("end of packet")?,
            Base::Stale => f.write_str("address of packet that moved")?,
            Base::Code(at) => write!(f, "function at {at}")?,
        }
        match self.off.known().map(|off| off as i64) {
            Some(0) => {}
            Some(off) => write!(f, "{off:+}")?,
            None => write!(f, "+({})", self.off)?,
        }
        if self.base.is_packet() && self.reach.proven > self.reach.fixed {
            write!(f, " ({} bytes)", i64::from(self.reach.proven) - i64::from(self.reach.fixed))?;
        }
        if self.nullable { f.write_str(" or null") } else { Ok(()) }
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uninit => f.write_str("?"),
            Self::Scalar(scalar) => scalar.fmt(f),
            Self::Pointer(pointer) => pointer.fmt(f),
        }
    }
}

/// The registers that are written, and the stack, of the active frame.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (number, reg) in self.frame().regs.iter().enumerate() {
            if *reg != Reg::Uninit {
                write!(f, "{between}r{number}={reg}")?;
                between = ", ";
            }
        }
        for (n, word) in self.frame().stack.iter().enumerate() {
            let offset = 4 * (n + 1);
            match word {
                Word::Low(reg) => write!(f, "{between}fp-{offset}={reg}")?,
                Word::Half(scalar) => write!(f, "{between}fp-{offset}(w)={scalar}")?,
                Word::Bytes(0) | Word::High => continue,
                Word::Bytes(_) => write!(f, "{between}fp-{offset}=data")?,
            }
            between = ", ";
        }
        if self.frames.len() > 1 {
            write!(f, "{between}in call {} deep", self.frames.len() - 1)?;
        }
        Ok(())
    }
}
