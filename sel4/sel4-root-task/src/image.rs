//! The program's own pages. The kernel maps them all readable, writable and executable; the program knows better.

use core::ptr::{self, with_exposed_provenance};
use core::{iter, slice};

use sel4::{BootInfoPtr, CapRights, GRANULE_SIZE, VmAttributes, Word, init_thread::slot};

use crate::{arch, image_frame};

/// As much of an ELF file's head as it takes to find its program headers (System V ABI, chapter 4).
#[repr(C)]
struct FileHeader {
    ident: [u8; 16],
    kind: u16,
    machine: u16,
    version: u32,
    entry: u64,
    program_headers: u64,
    section_headers: u64,
    flags: u32,
    size: u16,
    program_header_size: u16,
    program_header_count: u16,
}

/// A program header (System V ABI, chapter 5).
#[repr(C)]
struct ProgramHeader {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    file_size: u64,
    size: u64,
    align: u64,
}

const LOAD: u32 = 1;
const EXECUTABLE: u32 = 1;
const WRITABLE: u32 = 2;

/// Takes from each page of the image what its segment does not need: W from code and constants, X from all but code; and X
/// from what the kernel put beside it. `how` gives the attributes for memory that is executable, or not.
///
/// # Errors
///
/// The image is not linked as this crate expects, or the kernel refuses.
pub fn protect(bootinfo: &BootInfoPtr, how: fn(bool) -> VmAttributes) -> sel4::Result<()> {
    let start = arch::image_start();
    let header: *const FileHeader = with_exposed_provenance(start);
    // SAFETY: the image's lowest page holds the ELF header, put there by the linker and written by nobody.
    let segments = unsafe {
        let header = &*header;
        let first = start + header.program_headers as usize;
        slice::from_raw_parts(
            with_exposed_provenance::<ProgramHeader>(first),
            header.program_header_count.into(),
        )
    };
    let (info, vspace) = (bootinfo.get(), slot::VSPACE.cap());
    for segment in segments.iter().filter(|segment| segment.kind == LOAD) {
        let (writable, executable) = (segment.flags & WRITABLE != 0, segment.flags & EXECUTABLE != 0);
        let rights = if writable { CapRights::read_write() } else { CapRights::read_only() };
        let first = segment.address as usize & !(GRANULE_SIZE - 1);
        let end = (segment.address + segment.size) as usize;
        for address in (first..end).step_by(GRANULE_SIZE) {
            let frame = image_frame(&info, address)?.cap();
            frame.frame_remap(vspace, address as Word, rights, how(executable))?;
        }
    }
    let buffer = bootinfo.ipc_buffer().addr() as Word;
    slot::IPC_BUFFER.cap().frame_remap(vspace, buffer, CapRights::read_write(), how(false))?;
    // The extra pages are mapped behind BootInfo.
    let pages = iter::once(slot::BOOT_INFO_FRAME).chain(info.extra_pages().iter());
    let addresses = (ptr::from_ref(info.inner()).addr()..).step_by(GRANULE_SIZE);
    for (page, address) in pages.zip(addresses) {
        page.cap().frame_remap(vspace, address as Word, CapRights::read_only(), how(false))?;
    }
    Ok(())
}
