//! The parts that opcodes are made of (RFC 9669, section 3).

/// Mask of an instruction's class.
pub const CLASS: u8 = 0x07;
/// Class: wide immediate loads.
pub const LD: u8 = 0x00;
/// Class: loads into a register.
pub const LDX: u8 = 0x01;
/// Class: stores of an immediate.
pub const ST: u8 = 0x02;
/// Class: stores of a register, atomics.
pub const STX: u8 = 0x03;
/// Class: 32-bit arithmetic.
pub const ALU: u8 = 0x04;
/// Class: jumps that compare 64 bits.
pub const JMP: u8 = 0x05;
/// Class: jumps that compare 32 bits.
pub const JMP32: u8 = 0x06;
/// Class: 64-bit arithmetic.
pub const ALU64: u8 = 0x07;

/// Source bit: the second operand is a register.
pub const X: u8 = 0x08;
/// Mask of the operation of an arithmetic or jump instruction.
pub const OPERATION: u8 = 0xf0;

/// Size bits: 4 bytes.
pub const W: u8 = 0x00;
/// Size bits: 2 bytes.
pub const H: u8 = 0x08;
/// Size bits: 1 byte.
pub const B: u8 = 0x10;
/// Size bits: 8 bytes.
pub const DW: u8 = 0x18;
/// Mask of the size.
pub const SIZE: u8 = 0x18;

/// Mode: a 64-bit immediate.
pub const IMM: u8 = 0x00;
/// Mode: legacy packet access.
pub const ABS: u8 = 0x20;
/// Mode: legacy packet access, with a register.
pub const IND: u8 = 0x40;
/// Mode: plain memory.
pub const MEM: u8 = 0x60;
/// Mode: sign-extending load.
pub const MEMSX: u8 = 0x80;
/// Mode: atomic operation.
pub const ATOMIC: u8 = 0xc0;
/// Mask of the mode.
pub const MODE: u8 = 0xe0;

/// The two-slot load of a 64-bit immediate.
pub const LDDW: u8 = LD | IMM | DW;
/// Call of a helper (src 0) or of a function of the program (src 1).
pub const CALL: u8 = JMP | 0x80;
/// Call through a register.
pub const CALLX: u8 = CALL | X;
/// Return.
pub const EXIT: u8 = JMP | 0x90;
/// Jump by a 16-bit distance.
pub const JA: u8 = JMP;
/// Jump by a 32-bit distance.
pub const GOTOL: u8 = JMP32;

/// `lddw` src: the immediate is a number.
pub const LDDW_NUMBER: u8 = 0;
/// `lddw` src: the immediate is a map's index.
pub const LDDW_MAP: u8 = 1;
/// `lddw` src: a map's index and an offset into its first value.
pub const LDDW_MAP_VALUE: u8 = 2;
/// `lddw` src: a code address, relative to the next slot.
pub const LDDW_CODE: u8 = 4;

/// Atomic immediate: src (or r0) takes the old value.
pub const FETCH: i32 = 0x01;
/// Atomic immediate: exchange.
pub const XCHG: i32 = 0xe0 | FETCH;
/// Atomic immediate: compare with r0 and exchange.
pub const CMPXCHG: i32 = 0xf0 | FETCH;
