//! What an image is, and every refusal. The programs are made up here.

use anyhow::Result;
use loader::PAGE;
use object::elf;

use crate::{image, program::Program};

/// A program header's fields as a test gives them: addresses, content, bytes in memory.
#[derive(Clone)]
struct Segment {
    virt: u64,
    phys: u64,
    data: Vec<u8>,
    bytes: u64,
}

fn segment(virt: u64, phys: u64, bytes: u64) -> Segment {
    Segment { virt, phys, data: vec![0xa5; 100], bytes }
}

/// An ELF file (System V ABI, chapters 4 and 5).
fn file(machine: u16, kind: u16, entry: u64, segments: &[Segment]) -> Vec<u8> {
    const HEADER: usize = 64;
    const PROGRAM_HEADER: usize = 56;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    for half in [kind, machine] {
        file.extend(half.to_le_bytes());
    }
    file.extend(1_u32.to_le_bytes());
    for word in [entry, HEADER as u64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    for half in [HEADER, PROGRAM_HEADER, segments.len(), 0, 0, 0] {
        file.extend((half as u16).to_le_bytes());
    }
    let mut offset = HEADER + PROGRAM_HEADER * segments.len();
    for Segment { virt, phys, data, bytes } in segments {
        for word in [elf::PT_LOAD.0, 7] {
            file.extend(word.to_le_bytes());
        }
        for word in [offset as u64, *virt, *phys, data.len() as u64, *bytes, PAGE] {
            file.extend(word.to_le_bytes());
        }
        offset += data.len();
    }
    for segment in segments {
        file.extend(&segment.data);
    }
    file
}

fn program(machine: u16, segments: &[Segment]) -> Vec<u8> {
    file(machine, elf::ET_EXEC.0, segments[0].virt, segments)
}

const ARM: u16 = elf::EM_AARCH64.0;
const RISCV: u16 = elf::EM_RISCV.0;
/// Addresses of kernels: 5.0.0 and 16.0.0 on aarch64, 16.0.0 as a hypervisor, 16.0.0 on riscv64.
const KERNELS: [(u16, u64, u64); 4] = [
    (ARM, 0xffff_ff80_4000_0000, 0x4000_0000),
    (ARM, 0xffff_ffff_c000_0000, 0x4000_0000),
    (ARM, 0x00ff_c000_0000, 0x6000_0000),
    (RISCV, 0xffff_ffff_8020_0000, 0x8020_0000),
];

/// Where the loader of such a kernel is.
fn place(phys: u64) -> u64 {
    (phys & !((1 << 30) - 1)) + 0x0200_0000
}

/// Makes an image of these files.
fn make(loader: &[u8], kernel: &[u8], user: &[u8]) -> Result<Vec<u8>> {
    let parse = |name, file| Program::parse(name, file);
    image::make(&parse("loader", loader)?, &parse("kernel", kernel)?, &parse("root task", user)?)
}

/// Makes an image with this kernel, a loader where it belongs and a root task.
fn with_kernel(kernel: &[u8], machine: u16, phys: u64) -> Result<Vec<u8>> {
    let loader = program(machine, &[segment(place(phys), place(phys), 3 * PAGE)]);
    make(&loader, kernel, &program(machine, &[segment(0x40_0000, 0x40_0000, 5 * PAGE)]))
}

fn refused(result: Result<Vec<u8>>, wanted: &[&str]) {
    let error = format!("{:#}", result.expect_err("refused"));
    for wanted in wanted {
        assert!(error.contains(wanted), "{wanted:?} is not in {error:?}");
    }
}

#[test]
fn an_image_says_where_it_goes_and_what_goes_where() {
    for (machine, virt, phys) in KERNELS {
        let kernel = program(
            machine,
            &[segment(virt, phys, 0x1_1000), segment(virt + 0x2_0000, phys + 0x2_0000, 200)],
        );
        let image = with_kernel(&kernel, machine, phys).expect("made");
        let words: Vec<_> =
            image.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("8"))).collect();
        assert_eq!(words[1..3], [0x0200_0000, image.len() as u64], "text_offset, image_size");
        let (head, parts) = loader::decode(&words[3 * PAGE as usize / 8..], machine.into()).expect("read");
        assert_eq!((head.kernel_virt, head.kernel_phys, head.kernel_end), (virt, phys, phys + 0x2_1000));
        assert_eq!((head.user_start, head.user_end), (phys + 0x2_1000, phys + 0x2_6000));
        assert_eq!(head.user_start.wrapping_sub(head.user_offset), 0x40_0000);
        assert_eq!((head.kernel_entry, head.user_entry), (virt, 0x40_0000));
        assert_eq!(head.region[0].bytes, 0x2_1000);
        assert_eq!((parts[0].len(), parts[1].len()), ((0x2_0000 + 104) / 8, 13));
        assert_eq!(parts[0][0].to_ne_bytes(), [0xa5; 8]);
    }
}

#[test]
fn another_machine_is_refused() {
    for (loader, kernel, user, wanted) in [
        (ARM, RISCV, ARM, "the kernel is for ELF machine 243, the loader for 183"),
        (ARM, ARM, 62, "the root task is for ELF machine 62, the loader for 183"),
        (RISCV, ARM, ARM, "the kernel is for ELF machine 183, the loader for 243"),
    ] {
        let at = |machine, address| program(machine, &[segment(address, address, PAGE)]);
        refused(make(&at(loader, 0x4200_0000), &at(kernel, 0x4000_0000), &at(user, 0x40_0000)), &[wanted]);
    }
}

#[test]
fn what_is_no_program_is_refused() {
    let (machine, virt, phys) = KERNELS[0];
    let good = program(machine, &[segment(virt, phys, PAGE)]);
    let of = |kernel: &[u8]| with_kernel(kernel, machine, phys);
    assert!(of(&good).is_ok());
    refused(of(b"#!/bin/sh"), &["kernel: not a 64-bit little-endian ELF file"]);
    for len in 0..good.len() {
        refused(of(&good[..len]), &["kernel: "]);
    }
    refused(of(&good[..good.len() - 1]), &["kernel: it is cut off"]);
    refused(
        of(&file(machine, elf::ET_DYN.0, virt, &[segment(virt, phys, PAGE)])),
        &["not a static executable"],
    );
    refused(of(&file(machine, elf::ET_EXEC.0, virt, &[])), &["nothing to load"]);
    refused(of(&program(machine, &[segment(virt, phys, 0)])), &["nothing to load"]);
    for entry in [virt - 1, virt + PAGE, 0] {
        let outside = file(machine, elf::ET_EXEC.0, entry, &[segment(virt, phys, PAGE)]);
        refused(of(&outside), &["kernel: its entry", "is outside of it"]);
    }
}

#[test]
fn segments_that_can_not_be() {
    let (machine, virt, phys) = KERNELS[0];
    let of = |segments: &[Segment]| with_kernel(&program(machine, segments), machine, phys);
    for (first, second) in [(PAGE, 0), (PAGE + 1, PAGE), (3 * PAGE, PAGE)] {
        let other = segment(virt + second, phys + second, PAGE);
        refused(of(&[segment(virt, phys, first), other]), &["kernel: the segments at", "overlap"]);
    }
    for bytes in [99, (1 << 30) + 1, u64::MAX - virt, u64::MAX] {
        refused(of(&[segment(virt, phys, bytes)]), &["has an impossible size"]);
    }
    refused(of(&[segment(virt, u64::MAX - PAGE, 2 * PAGE)]), &["has an impossible size"]);
    refused(of(&[segment(u64::MAX - 200, 0, 150)]), &["has an impossible size"]);
    let far = segment(virt + (1 << 30), phys + (1 << 30), PAGE);
    refused(of(&[segment(virt - PAGE, phys - PAGE, PAGE), far]), &["kernel: it is spread over"]);
    for apart in [1, PAGE] {
        let other = segment(virt + PAGE, phys + PAGE + apart, PAGE);
        refused(
            of(&[segment(virt, phys, PAGE), other]),
            &["kernel: its segments are not loaded in one piece"],
        );
    }
    refused(of(&[segment(virt, phys + 8, PAGE)]), &["aligned to pages"]);
}

#[test]
fn what_the_loader_can_not_map_is_refused() {
    let of =
        |machine, virt, phys| with_kernel(&program(machine, &[segment(virt, phys, 2 * PAGE)]), machine, phys);
    let (machine, virt, phys) = KERNELS[2];
    refused(of(machine, virt, phys + PAGE), &["differ by a multiple", "blocks of 0x200000 bytes"]);
    let (riscv, high, low) = KERNELS[3];
    refused(of(riscv, high, low + (2 << 20)), &["blocks of 0x40000000 bytes"]);
    let last = (1 << 30) - PAGE;
    refused(of(machine, virt + last, phys + last), &["the kernel is linked at", "not within one GiB"]);
    let half = (512 << 20) - PAGE;
    refused(of(machine, virt + half, phys + half), &["the kernel is loaded to", "not within one GiB"]);
    refused(of(machine, 0x4000_0000, 0x4000_0000), &["where the loader maps physical addresses"]);
}

#[test]
fn parts_that_overlap_are_refused() {
    let (machine, virt, phys) = KERNELS[1];
    let kernel = program(machine, &[segment(virt, phys, 4 * PAGE)]);
    let user = program(machine, &[segment(0x40_0000, 0x40_0000, 4 * PAGE)]);
    let loader = |at| program(machine, &[segment(at, at, PAGE)]);
    for (at, wanted) in [
        (phys, "the kernel belongs to 0x40000000..0x40004000"),
        (phys + 3 * PAGE, "the kernel belongs to"),
        (phys + 4 * PAGE, "the root task belongs to 0x40004000..0x40008000"),
        (phys + 7 * PAGE, "the root task belongs to"),
    ] {
        refused(make(&loader(at), &kernel, &user), &[wanted, "they overlap", "platform.rs"]);
    }
    assert!(make(&loader(phys + 8 * PAGE), &kernel, &user).is_ok());
    refused(
        make(&loader(0xc000_0000), &kernel, &user),
        &["the loader is at 0xc0000000", "not within one GiB"],
    );
    let large = Segment { data: vec![1; 2 * PAGE as usize], ..segment(virt, phys, 4 * PAGE) };
    let last = loader(u64::MAX - 2 * PAGE + 1);
    refused(make(&last, &program(machine, &[large]), &user), &["there is no room for an image"]);
}

#[test]
fn the_loader_begins_with_its_head() {
    let (machine, virt, phys) = KERNELS[0];
    let kernel = program(machine, &[segment(virt, phys, PAGE)]);
    let user = program(machine, &[segment(0x40_0000, 0x40_0000, PAGE)]);
    let at = place(phys);
    let late = file(machine, elf::ET_EXEC.0, at + 4, &[segment(at, at, PAGE)]);
    refused(make(&late, &kernel, &user), &["the loader does not begin with the head"]);
    let short = Segment { data: vec![0; 8], ..segment(at, at, PAGE) };
    refused(make(&program(machine, &[short]), &kernel, &user), &["the loader does not begin with the head"]);
}
