//! Small ELF files, each wrong in one way.

use alloc::{string::ToString, vec, vec::Vec};

use super::*;

const RX: u32 = abi::PF_R | abi::PF_X;
const RW: u32 = abi::PF_R | abi::PF_W;

/// An ELF file for x86_64 with these segments: type, flags, address, bytes in the file, bytes in memory.
fn file(kind: u16, entry: u64, segments: &[(u32, u32, u64, u64, u64)]) -> Vec<u8> {
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(kind.to_le_bytes());
    bytes.extend(abi::EM_X86_64.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(entry.to_le_bytes());
    bytes.extend(64u64.to_le_bytes());
    bytes.extend([0; 12]);
    bytes.extend([64u16, 56, segments.len() as u16, 64, 0, 0].into_iter().flat_map(u16::to_le_bytes));
    let data = 64 + 56 * segments.len() as u64;
    for (kind, flags, vaddr, in_file, in_memory) in segments {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        bytes.extend(
            [data, *vaddr, *vaddr, *in_file, *in_memory, PAGE].into_iter().flat_map(u64::to_le_bytes),
        );
    }
    bytes.extend((0..5000).map(|i| i as u8));
    bytes
}

fn refusal(bytes: &[u8]) -> Error {
    parse(bytes, abi::EM_X86_64).unwrap_err()
}

#[test]
fn a_sound_file_loads_page_by_page() {
    let bytes = file(
        abi::ET_EXEC,
        0x40_0010,
        &[(abi::PT_LOAD, RX, 0x40_0000, 100, 100), (abi::PT_LOAD, RW, 0x40_1800, 4096, 9000)],
    );
    let program = parse(&bytes, abi::EM_X86_64).unwrap();
    assert_eq!(program.segments.len(), 2);
    let data = program.segments[1];
    assert_eq!(data.pages(), Region::at(0x40_1000, 3));
    assert_eq!(data.page(0), (0x800, &data.data[..0x800]));
    assert_eq!(data.page(1), (0, &data.data[0x800..]));
    assert_eq!(data.page(2), (0, &[][..]));
    assert!(data.writable && !program.segments[0].writable);
}

#[test]
fn each_flaw_is_refused_by_name() {
    let good = (abi::PT_LOAD, RX, 0x40_0000, 100, 100);
    let exec = |segments: &[_]| file(abi::ET_EXEC, 0x40_0000, segments);
    assert_eq!(refusal(b"not an ELF file"), Error::Malformed);
    assert_eq!(refusal(&exec(&[good])[..90]), Error::Malformed);
    assert_eq!(refusal(&file(abi::ET_DYN, 0x40_0000, &[good])), Error::NotStatic);
    assert_eq!(refusal(&exec(&[(abi::PT_INTERP, RX, 0, 1, 1), good])), Error::NotStatic);
    assert_eq!(refusal(&exec(&[])), Error::Empty);
    assert_eq!(refusal(&exec(&[(abi::PT_LOAD, RX, 0x40_0000, 99_999, 99_999)])), Error::Malformed);
    assert_eq!(refusal(&exec(&[(abi::PT_LOAD, RX, 0, 10, 10)])), Error::Outside(0));
    assert_eq!(refusal(&exec(&[(abi::PT_LOAD, RX, u64::MAX, 10, 10)])), Error::Outside(u64::MAX));
    assert_eq!(refusal(&exec(&[(abi::PT_LOAD, RX | RW, 0x40_0000, 10, 10)])), Error::WriteExecute(0x40_0000));
    let shared = exec(&[good, (abi::PT_LOAD, RW, 0x40_0f00, 10, 10)]);
    assert_eq!(refusal(&shared), Error::SharedPage(0x40_0f00));
    assert_eq!(refusal(&file(abi::ET_EXEC, 7, &[good])), Error::Entry(7));
    let other = parse(&exec(&[good]), abi::EM_RISCV).unwrap_err();
    assert_eq!(other.to_string(), "for machine 62, not 243");
}

#[test]
fn no_truncation_or_flip_panics() {
    let bytes = file(abi::ET_EXEC, 0x40_0000, &[(abi::PT_LOAD, RX, 0x40_0000, 100, 8000)]);
    for len in 0..bytes.len() {
        let _ = parse(&bytes[..len], abi::EM_X86_64);
    }
    for i in 0..120 {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[i] ^= 1 << bit;
            if let Ok(program) = parse(&flipped, abi::EM_X86_64) {
                for segment in &program.segments {
                    (0..segment.pages().pages).for_each(|page| _ = segment.page(page));
                }
            }
        }
    }
}
