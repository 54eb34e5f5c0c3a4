//! Arithmetic and comparisons on concrete values (RFC 9669, sections 4.1 to 4.3).
use crate::isa::{Alu, Swap, Test, Width};

/// `a op b` at a width; 32-bit results have zero upper bits.
#[inline]
pub(crate) fn alu(op: Alu, width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::W64 => alu64(op, a, b),
        Width::W32 => alu32(op, a as u32, b as u32).into(),
    }
}

#[inline]
fn alu64(op: Alu, a: u64, b: u64) -> u64 {
    let (sa, sb) = (a as i64, b as i64);
    match op {
        Alu::Add => a.wrapping_add(b),
        Alu::Sub => a.wrapping_sub(b),
        Alu::Mul => a.wrapping_mul(b),
        Alu::Div => a.checked_div(b).unwrap_or(0),
        Alu::SDiv => (if sb == 0 { 0 } else { sa.wrapping_div(sb) }) as u64,
        Alu::Or => a | b,
        Alu::And => a & b,
        Alu::Lsh => a.wrapping_shl(b as u32),
        Alu::Rsh => a.wrapping_shr(b as u32),
        Alu::Mod => a.checked_rem(b).unwrap_or(a),
        Alu::SMod => (if sb == 0 { sa } else { sa.wrapping_rem(sb) }) as u64,
        Alu::Xor => a ^ b,
        Alu::Mov => b,
        Alu::Arsh => sa.wrapping_shr(b as u32) as u64,
    }
}

#[inline]
fn alu32(op: Alu, a: u32, b: u32) -> u32 {
    let (sa, sb) = (a as i32, b as i32);
    match op {
        Alu::Add => a.wrapping_add(b),
        Alu::Sub => a.wrapping_sub(b),
        Alu::Mul => a.wrapping_mul(b),
        Alu::Div => a.checked_div(b).unwrap_or(0),
        Alu::SDiv => (if sb == 0 { 0 } else { sa.wrapping_div(sb) }) as u32,
        Alu::Or => a | b,
        Alu::And => a & b,
        Alu::Lsh => a.wrapping_shl(b),
        Alu::Rsh => a.wrapping_shr(b),
        Alu::Mod => a.checked_rem(b).unwrap_or(a),
        Alu::SMod => (if sb == 0 { sa } else { sa.wrapping_rem(sb) }) as u32,
        Alu::Xor => a ^ b,
        Alu::Mov => b,
        Alu::Arsh => sa.wrapping_shr(b) as u32,
    }
}

/// Whether a conditional jump is taken.
#[inline]
pub(crate) fn test(test: Test, width: Width, a: u64, b: u64) -> bool {
    let (a, b, sa, sb) = match width {
        Width::W64 => (a, b, a as i64, b as i64),
        Width::W32 => (u64::from(a as u32), u64::from(b as u32), i64::from(a as i32), i64::from(b as i32)),
    };
    match test {
        Test::Eq => a == b,
        Test::Ne => a != b,
        Test::Set => a & b != 0,
        Test::Gt => a > b,
        Test::Ge => a >= b,
        Test::Lt => a < b,
        Test::Le => a <= b,
        Test::SGt => sa > sb,
        Test::SGe => sa >= sb,
        Test::SLt => sa < sb,
        Test::SLe => sa <= sb,
    }
}

/// Sign-extends the low `bits` of `value` to 64.
#[inline]
pub(crate) fn sign_extend(value: u64, bits: u32) -> u64 {
    let shift = 64 - bits;
    (((value << shift) as i64) >> shift) as u64
}

/// Swaps or cuts the low `bits` (16, 32 or 64).
#[inline]
pub(crate) fn swap(swap: Swap, bits: u8, value: u64) -> u64 {
    let cut = |value: u64| value & (u64::MAX >> (64 - bits));
    match swap {
        Swap::Le => cut(value),
        Swap::Be | Swap::Bswap => cut(value).swap_bytes() >> (64 - bits),
    }
}
