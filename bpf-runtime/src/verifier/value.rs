//! What a register or a stack slot holds.
use super::{num::Num, scalar::Scalar};

/// The contents of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reg {
    /// Not written on this path.
    Uninit,
    /// A number.
    Scalar(Scalar),
    /// An address.
    Pointer(Pointer),
}

/// The memory that an address points into, or what else it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The stack of the call frame with this index; offsets count from its end, so they are negative.
    Stack(u8),
    /// The hook's context.
    Context,
    /// A value that was looked up in the map with this index.
    Value(u8),
    /// The one value of the map with this index, addressed by the code itself.
    Global(u8),
    /// The handle of the map with this index.
    Map(u8),
    /// A ring buffer record of so many bytes.
    Record(u32),
    /// The packet.
    Packet,
    /// The metadata before the packet.
    Meta,
    /// The end of the packet, which is no memory.
    PacketEnd,
    /// Where a packet was before it moved.
    Stale,
    /// The function that begins at this slot.
    Code(u16),
}

impl Base {
    /// Whether it is memory that loads may read.
    pub const fn is_memory(self) -> bool {
        !matches!(self, Self::Map(_) | Self::PacketEnd | Self::Stale | Self::Code(_))
    }

    /// Whether its addresses have 32 bits, so that 32-bit operations on them are as good as others.
    pub const fn is_low(self) -> bool {
        matches!(self, Self::Packet | Self::Meta | Self::PacketEnd | Self::Stale)
    }

    /// Whether its length is known from comparisons only: see [`Reach`].
    pub const fn is_packet(self) -> bool {
        matches!(self, Self::Packet | Self::Meta)
    }
}

/// What comparisons with its end have proven of a packet. They are made with some pointers and hold for others: all
/// that differ by constants. Those share an anchor: the packet's start, or, behind the addition of a number that is not
/// known, a place that the pointer's id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Bytes from the anchor to the pointer.
    pub fixed: i32,
    /// Bytes from the anchor to a place that the packet ends at or behind; [`Reach::NOWHERE`] if there is none.
    pub proven: i32,
}

impl Reach {
    /// Nothing is proven.
    pub const NOWHERE: i32 = i32::MIN;
    /// A packet has no less than no bytes.
    pub const START: Self = Self { fixed: 0, proven: 0 };

    /// What is proven, counted from an anchor so far behind its own.
    pub fn proven_from(self, shift: i32) -> Option<i32> {
        if self.proven == Self::NOWHERE { None } else { self.proven.checked_sub(shift) }
    }
}

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    pub base: Base,
    /// Tells values of one map, and records, apart: pointers with the same base and id differ in the offset
    /// only. Of a packet it names the anchor. 0: the base alone says it.
    pub id: u32,
    /// Whether it may be null.
    pub nullable: bool,
    /// Bytes from the base.
    pub off: Num,
    /// Of a packet.
    pub reach: Reach,
}

impl Pointer {
    pub const fn new(base: Base, off: i64) -> Self {
        Self { base, id: 0, nullable: false, off: Num::constant(off as u64, 64), reach: Reach::START }
    }

    /// Whether both point into the same memory, so that their offsets compare as they do.
    pub fn same_memory(&self, other: &Self) -> bool {
        let told_apart = matches!(self.base, Base::Value(_) | Base::Record(_));
        self.base.is_memory()
            && self.base == other.base
            && (self.base.is_packet() || self.id == other.id)
            && (!told_apart || self.id != 0)
    }

    /// Whether both are in one packet and have the same anchor.
    pub fn same_anchor(&self, other: &Self) -> bool {
        self.base.is_packet() && self.base == other.base && self.id == other.id
    }
}

impl Reg {
    pub const fn unknown() -> Self {
        Self::Scalar(Scalar::unknown())
    }

    /// The id that it carries; 0: none.
    pub const fn id(&self) -> u32 {
        match self {
            Self::Scalar(Scalar { id, .. }) | Self::Pointer(Pointer { id, .. }) => *id,
            Self::Uninit => 0,
        }
    }
}

/// Four bytes of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Bytes of which these (bit by bit) are written, with contents that are not known.
    Bytes(u8),
    /// A number of 32 bits.
    Half(Scalar),
    /// The low half of a register that was stored whole; the word above it is `High`.
    Low(Reg),
    /// The high half of the register in the word below.
    High,
}

/// Nothing written.
pub static UNWRITTEN: Word = Word::Bytes(0);
/// Four bytes of data.
pub static DATA: Word = Word::Bytes(15);
