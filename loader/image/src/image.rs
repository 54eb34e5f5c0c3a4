//! The image: the loader, and behind it the payload.

use std::ops::Range;

use anyhow::{Result, bail};
use loader::{Head, PAGE, Region};

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
    let offset = kernel.offset()?;
    let (kernel_virt, user_virt) = (kernel.virt(), user.virt());
    let kernel_phys = kernel_virt.start.wrapping_add(offset)..kernel_virt.end.wrapping_add(offset);
    let user_phys = kernel_phys.end..kernel_phys.end + (user_virt.end - user_virt.start);

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
    // What is zero in the loader lies before the payload.
    image.resize((place.end - place.start) as usize, 0);
    image.extend(payload);
    let whole = place.start..place.start + image.len() as u64;
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
    write(&mut image, TEXT_OFFSET, whole.start - kernel_phys.start / TWO_MIB * TWO_MIB);
    let size = image.len() as u64;
    write(&mut image, IMAGE_SIZE, size);
    Ok(image)
}

/// `text_offset` counts from a multiple of this.
const TWO_MIB: u64 = 2 << 20;

fn region(place: &Range<u64>, memory: &[u64]) -> Region {
    let bytes = place.end - place.start;
    Region { to: place.start / PAGE * PAGE, words: memory.len() as u64, bytes }
}

fn write(image: &mut [u8], at: usize, value: u64) {
    image[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
