//! The image: the loader, and behind it the payload.

use std::ops::Range;

use anyhow::{Result, bail};
use loader::{Head, PAGE, Region};
use object::elf;

use crate::program::Program;

/// Where in Linux's heads of images the fields are that only now are known: `text_offset`, `image_size`
/// (Documentation/arm64/booting.rst and Documentation/riscv/boot-image-header.rst: the same place in both).
const TEXT_OFFSET: usize = 8;
const IMAGE_SIZE: usize = 16;

/// Puts the image together.
///
/// # Errors
/// The programs are for different machines, or overlap in memory.
pub fn make(loader: &Program<'_>, kernel: &Program<'_>, user: &Program<'_>) -> Result<Vec<u8>> {
    for other in [kernel, user] {
        if other.machine != loader.machine {
            bail!(
                "the {} is for ELF machine {}, the loader for {}",
                other.name,
                other.machine,
                loader.machine
            );
        }
    }
    let (kernel_virt, user_virt) = (kernel.virt(), user.virt());
    let kernel_phys = kernel.phys()?;
    let user_size = user_virt.end - user_virt.start;
    let Some(user_end) = kernel_phys.end.checked_add(user_size) else {
        bail!(
            "behind the kernel, at {:#x}, there is no room for the root task of {user_size:#x} bytes",
            kernel_phys.end
        );
    };
    let user_phys = kernel_phys.end..user_end;

    let (kernel_memory, user_memory) = (kernel.memory(), user.memory());
    let mut head = Head {
        machine: kernel.machine.into(),
        kernel_entry: kernel.entry,
        kernel_virt: kernel_virt.start,
        kernel_phys: kernel_phys.start,
        kernel_end: kernel_phys.end,
        user_start: user_phys.start,
        user_end: user_phys.end,
        user_offset: user_phys.start.wrapping_sub(user_virt.start),
        user_entry: user.entry,
        regions: 2,
        ..Head::default()
    };
    head.region[0] = region(&kernel_phys, &kernel_memory);
    head.region[1] = region(&user_phys, &user_memory);
    let content = [kernel_memory, user_memory].concat();
    let (start, _) = loader::encode(&head, &content);
    let payload = start.into_iter().chain(content).flat_map(u64::to_ne_bytes);

    let place = loader.virt();
    let mut image: Vec<u8> = loader.memory().into_iter().flat_map(u64::to_ne_bytes).collect();
    if image.len() < HEAD_BYTES || loader.entry != place.start {
        bail!("the loader does not begin with the head of an image at its entry {:#x}", loader.entry);
    }
    // What is zero in the loader lies before the payload.
    image.resize((place.end - place.start) as usize, 0);
    image.extend(payload);
    let Some(end) = place.start.checked_add(image.len() as u64) else {
        bail!("at {:#x} there is no room for an image of {} bytes", place.start, image.len());
    };
    let whole = place.start..end;
    for (part, name) in [(&kernel_phys, "kernel"), (&user_phys, "root task")] {
        if part.start < whole.end && whole.start < part.end {
            bail!(
                "the {name} belongs to {:#x}..{:#x} and the image is loaded to {:#x}..{:#x}: they overlap; \
                 choose another load address in the board's platform.rs",
                part.start,
                part.end,
                whole.start,
                whole.end
            );
        }
    }
    window(kernel.machine, &kernel_virt, &kernel_phys, &place)?;
    write(&mut image, TEXT_OFFSET, whole.start % RAM_ALIGNMENT);
    let size = image.len() as u64;
    write(&mut image, IMAGE_SIZE, size);
    Ok(image)
}

/// Bytes of the heads of Linux's images.
const HEAD_BYTES: usize = 64;

/// `text_offset` counts from the start of memory, which lies on a multiple of this wherever it is known to be. (On riscv64
/// the loader moves to where it is linked, from wherever it was put.)
const RAM_ALIGNMENT: u64 = 256 << 20;

const GIB: u64 = 1 << 30;

/// Checks that the loader's page tables (`loader/src/arch`) can map the kernel where it is linked: they have one GiB of
/// addresses for it, on aarch64 in blocks of 2 MiB and on riscv64 in one; and that the loader itself runs in that GiB.
fn window(machine: u16, virt: &Range<u64>, phys: &Range<u64>, place: &Range<u64>) -> Result<()> {
    let block = if machine == elf::EM_RISCV.0 { GIB } else { 2 << 20 };
    if !virt.start.wrapping_sub(phys.start).is_multiple_of(block) {
        bail!(
            "the kernel is linked at {:#x} and loaded to {:#x}: the loader maps it in blocks of {block:#x} bytes, so these must \
             differ by a multiple of that",
            virt.start,
            phys.start
        );
    }
    let of = |address: u64| address / GIB;
    for (range, what) in [(virt, "linked at"), (phys, "loaded to")] {
        if of(range.start) != of(range.end - 1) {
            bail!("the kernel is {what} {:#x}..{:#x}: not within one GiB", range.start, range.end);
        }
    }
    if [place.start, place.end - 1].iter().any(|address| of(*address) != of(phys.start)) {
        bail!(
            "the loader is at {:#x} and the kernel is loaded to {:#x}: not within one GiB; choose another load address in the \
             board's platform.rs",
            place.start,
            phys.start
        );
    }
    // The lowest 512 GiB are physical addresses, and so is what an entry of the tables' top level covers.
    if virt.start < 512 * GIB {
        bail!("the kernel is linked at {:#x}, where the loader maps physical addresses", virt.start);
    }
    Ok(())
}

fn region(place: &Range<u64>, memory: &[u64]) -> Region {
    let bytes = place.end - place.start;
    Region { to: place.start / PAGE * PAGE, words: memory.len() as u64, bytes }
}

fn write(image: &mut [u8], at: usize, value: u64) {
    image[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
