//! The plan over lists of untypeds as the kernel gives them.

use alloc::{vec, vec::Vec};

use super::*;
use crate::elf::Segment;

fn ram(list: &[(u64, u8)]) -> Vec<Untyped> {
    list.iter().map(|&(paddr, bits)| Untyped { paddr, bits, device: false }).collect()
}

/// pc99 with 16 MiB, aarch64 and riscv64 `virt`: sizes as they come out of a split at powers of two.
fn boards() -> [Vec<Untyped>; 3] {
    [
        ram(&[(0x25_5000, 12), (0x25_6000, 13), (0x25_8000, 15), (0x26_0000, 17), (0x28_0000, 19)]
            .into_iter()
            .chain([(0x30_0000, 20), (0x40_0000, 22), (0x80_0000, 22), (0xc0_0000, 21)])
            .collect::<Vec<_>>()),
        ram(&[(0x4022_1000, 12), (0x4022_2000, 13), (0x4022_4000, 14), (0x4040_0000, 22), (0x4080_0000, 23)]),
        ram(&[(0x8040_0000, 22), (0x8080_0000, 23), (0x8100_0000, 24)]),
    ]
}

#[test]
fn pieces_fit_without_overlap_in_retype_order() {
    let demands = [(0, 283), (1, 19), (2, 64), (3, 256)];
    for untypeds in boards() {
        let pieces = cut(&untypeds, &demands).unwrap();
        for (owner, pages) in demands {
            let got: u64 =
                pieces.iter().filter(|p| p.owner == owner).map(|p| 1 << (p.bits - PAGE_BITS)).sum();
            assert_eq!(got, pages);
        }
        // Replays what the kernel does: align the watermark up to the object's size, then move it.
        let mut watermark = vec![0u64; untypeds.len()];
        for piece in &pieces {
            let size = 1u64 << piece.bits;
            assert_eq!(watermark[piece.from] % size, 0, "nothing lost to alignment");
            watermark[piece.from] += size;
            assert!(watermark[piece.from] <= 1 << untypeds[piece.from].bits);
        }
    }
}

#[test]
fn small_untypeds_are_used_before_large_ones() {
    let untypeds = ram(&[(0, 27), (1 << 28, 16), (2 << 28, 20)]);
    let pieces = cut(&untypeds, &[(0, 16), (1, 200)]).unwrap();
    assert!(pieces.iter().all(|piece| piece.from != 0), "{pieces:?}");
}

#[test]
fn too_little_memory_is_named() {
    let error = cut(&ram(&[(0, 14)]), &[(7, 9)]).unwrap_err();
    assert_eq!(error, OutOfMemory { owner: 7, bits: 15 });
    let device = [Untyped { paddr: 0, bits: 30, device: true }];
    assert!(cut(&device, &[(0, 1)]).is_err(), "device memory is not memory");
}

#[test]
fn the_way_to_a_device_page() {
    let untypeds = [
        Untyped { paddr: 0, bits: 20, device: false },
        Untyped { paddr: 0xfec0_0000, bits: 22, device: true },
    ];
    let way = |paddr| device_page(&untypeds, &[], paddr);
    assert_eq!(way(0xfed0_0000), Some((1, vec![20])));
    assert_eq!(way(0xfec0_0000), Some((1, vec![])));
    assert_eq!(way(0xfed2_3000), Some((1, vec![20, 17, 13, 12])));
    assert_eq!(way(0x1000), None, "RAM is not a device");
    let after = |before, paddr| device_page(&untypeds, &[before], paddr);
    assert_eq!(after(0xfec0_0000, 0xfec0_1000), Some((1, vec![])), "the next one");
    assert_eq!(after(0xfec0_1000, 0xfec0_7000), Some((1, vec![13, 13, 12])), "each aligned to its size");
    assert_eq!(after(0xfec0_7000, 0xfec0_1000), None, "it lies behind");
}

#[test]
fn tables_are_counted_once_for_each_range() {
    let regions = [Region::at(0x40_0000, 10), Region::at(0x5f_f000, 2), Region::at(0x1000_0000, 1)];
    // One PDPT, one PD, page tables for 4..6 MiB, 6..8 MiB and 256..258 MiB.
    assert_eq!(tables(&regions.into_iter(), &[39, 30, 21]), 5);
    let service = &system::SYSTEM.services[0];
    let segment = Segment { vaddr: 0x40_0000, len: 5000, data: &[], writable: false, executable: true };
    let program = Program { entry: 0x40_0000, segments: vec![segment] };
    let more = Program { entry: 0x40_0000, segments: vec![Segment { len: 5000 + 4096, ..segment }] };
    let paging = Paging { root_pages: 1, spans: &[39, 30, 21] };
    assert_eq!(service_pages(&more, service, paging), service_pages(&program, service, paging) + 1);
    // A kernel at EL2: a root of two pages in the place of two levels.
    let root_of_two = Paging { root_pages: 2, spans: &[30, 21] };
    assert_eq!(service_pages(&program, service, root_of_two), service_pages(&program, service, paging));
}
