//! Mapping memory.

use sel4::init_thread::slot;
use sel4::{
    CapRights, ErrorKind, FrameObjectType, Result, TranslationTableObjectType, VmAttributes, Word, cap,
    cap_type, vspace_levels,
};
use sel4_test_harness::{Env, test};

use crate::arch;

const RIGHTS: CapRights = CapRights::read_write();
const CACHED: VmAttributes = VmAttributes::DEFAULT;

/// A new frame.
pub fn frame(env: &mut Env) -> Result<cap::Granule> {
    env.alloc_object(&FrameObjectType::GRANULE.blueprint())
}

/// Makes and maps the tables that a page at this address needs and that are missing.
pub fn map_tables(env: &mut Env, address: Word) -> Result<usize> {
    map_tables_for(env, address, FrameObjectType::GRANULE)
}

/// Those of a page of another size.
fn map_tables_for(env: &mut Env, address: Word, size: FrameObjectType) -> Result<usize> {
    let (page, vspace) = (frame(env)?, slot::VSPACE.cap());
    let mut made = 0;
    for (level, ty) in vspace_levels::tables_above(size) {
        // Only a page's mapping tells what is missing: where one type of table serves all levels, a table goes to the highest
        // that has none, be it below those that this page needs.
        match page.frame_map(vspace, address, RIGHTS, CACHED).map_err(|error| error.kind()) {
            Ok(()) => {
                page.frame_unmap()?;
                break;
            }
            Err(ErrorKind::FailedLookup(missing))
                if missing.bits_left == vspace_levels::span_bits(level) as Word => {}
            Err(_) => continue,
        }
        let table: cap::UnspecifiedIntermediateTranslationTable = env.alloc_object(&ty.blueprint())?;
        table.generic_intermediate_translation_table_map(ty, vspace, address, CACHED)?;
        made += 1;
    }
    Ok(made)
}

/// Reads a word at an address that a test mapped, or did not.
pub fn read(address: Word) -> Word {
    // SAFETY: nothing of the program lies there; that it may fault is what some tests are about.
    unsafe { (address as *const Word).read_volatile() }
}

/// Writes a word at an address that a test mapped, or did not.
pub fn write(address: Word, value: Word) {
    // SAFETY: as in `read`.
    unsafe { (address as *mut Word).write_volatile(value) }
}

#[test]
fn a_frame_is_mapped_once_its_tables_are(env: &mut Env) -> Result<()> {
    let (address, vspace) = (env.scratch_address(), slot::VSPACE.cap());
    let frame = frame(env)?;
    let error = frame.frame_map(vspace, address, RIGHTS, CACHED).expect_err("no tables yet");
    let ErrorKind::FailedLookup(failure) = error.kind() else { panic!("{error}") };
    let missing = vspace_levels::span_bits(vspace_levels::NUM_LEVELS - 2);
    assert_eq!(failure.bits_left, missing as Word, "the last table but one is missing");
    assert_eq!(map_tables(env, address)?, 2);
    frame.frame_map(vspace, address, RIGHTS, CACHED)?;
    assert_eq!(read(address), 0, "new memory is cleared");
    write(address, 0x1234_5678_9abc_def0);
    assert_eq!(read(address), 0x1234_5678_9abc_def0);
    Ok(())
}

#[test]
fn two_mappings_share_the_memory(env: &mut Env) -> Result<()> {
    let (address, vspace) = (env.scratch_address(), slot::VSPACE.cap());
    map_tables(env, address)?;
    let first = frame(env)?;
    let second = env.alloc_slot::<cap_type::Granule>();
    let source = slot::CNODE.cap().absolute_cptr(first);
    second.absolute_cptr().copy(&source, CapRights::read_only())?;
    first.frame_map(vspace, address, RIGHTS, CACHED)?;
    second.cap().frame_map(vspace, address + 0x1000, RIGHTS, CACHED)?;
    write(address, 77);
    assert_eq!(read(address + 0x1000), 77);
    assert_eq!(first.frame_get_address()?, second.cap().frame_get_address()?);
    Ok(())
}

/// The capability is the wrong one, or the address is: kernels differ.
#[test(should_error = "Page_Map: Invalid")]
fn a_frame_capability_is_mapped_once(env: &mut Env) -> Result<()> {
    let (address, vspace) = (env.scratch_address(), slot::VSPACE.cap());
    map_tables(env, address)?;
    let frame = frame(env)?;
    frame.frame_map(vspace, address, RIGHTS, CACHED)?;
    frame.frame_map(vspace, address + 0x1000, RIGHTS, CACHED)
}

#[test(should_error = "AlignmentError")]
fn a_page_is_aligned(env: &mut Env) -> Result<()> {
    let address = env.scratch_address();
    map_tables(env, address)?;
    frame(env)?.frame_map(slot::VSPACE.cap(), address + 8, RIGHTS, CACHED)
}

#[test(should_error = "Page_Map: InvalidArgument")]
fn the_kernels_addresses_are_refused(env: &mut Env) -> Result<()> {
    frame(env)?.frame_map(slot::VSPACE.cap(), 0xffff_ffff_8000_0000, RIGHTS, CACHED)
}

#[test(should_fault = "VmFault")]
fn an_unmapped_frame_is_gone(env: &mut Env) {
    let address = env.scratch_address();
    map_tables(env, address).expect("tables");
    let frame = frame(env).expect("a frame");
    frame.frame_map(slot::VSPACE.cap(), address, RIGHTS, CACHED).expect("mapped");
    write(address, 1);
    frame.frame_unmap().expect("unmapped");
    write(address, 2);
}

#[test(should_fault = "VmFault")]
fn a_read_only_page_is_not_written(env: &mut Env) {
    let address = env.scratch_address();
    map_tables(env, address).expect("tables");
    let frame = frame(env).expect("a frame");
    frame.frame_map(slot::VSPACE.cap(), address, CapRights::read_only(), CACHED).expect("mapped");
    assert_eq!(read(address), 0);
    write(address, 1);
}

#[test]
fn rights_of_a_mapping_change(env: &mut Env) -> Result<()> {
    let (address, vspace) = (env.scratch_address(), slot::VSPACE.cap());
    map_tables(env, address)?;
    let frame = frame(env)?;
    frame.frame_map(vspace, address, CapRights::read_only(), CACHED)?;
    frame.frame_remap(vspace, address, RIGHTS, CACHED)?;
    write(address, 3);
    assert_eq!(read(address), 3);
    Ok(())
}

/// A test's own memory is too small for it: this one borrows some of the kernel's other untyped memory.
#[test]
fn a_large_page_needs_no_page_table(env: &mut Env) -> Result<()> {
    let (address, vspace) = (env.scratch_address(), slot::VSPACE.cap());
    let bootinfo = env.bootinfo();
    let memory = bootinfo.untyped_list().iter().zip(bootinfo.untyped().iter());
    let fits = memory.filter(|(memory, _)| !memory.is_device() && (21..=24).contains(&memory.size_bits()));
    let (_, memory) = fits.max_by_key(|(memory, _)| memory.size_bits()).expect("two more mebibytes");
    let size = arch::LARGE;
    assert_eq!(map_tables_for(env, address, size)?, 1);
    let frame = env.alloc_slot::<arch::Large>();
    let root = slot::CNODE.cap().absolute_self();
    memory.cap().untyped_retype(&size.blueprint(), &root, frame.index(), 1)?;
    frame.cap().frame_map(vspace, address, RIGHTS, CACHED)?;
    let last = address + (1 << size.bits()) - 8;
    write(last, 9);
    assert_eq!((read(last), read(address)), (9, 0));
    assert!(frame.cap().frame_get_address()?.is_multiple_of(1 << size.bits()));
    memory.absolute_cptr().revoke()
}

#[test(should_error = "ASIDPool_Assign")]
fn an_address_space_is_assigned_once(env: &mut Env) -> Result<()> {
    let top = TranslationTableObjectType::from_level(0).expect("the top");
    let vspace: cap::VSpace = env.alloc_object(&top.blueprint())?;
    let error = frame(env)?.frame_map(vspace, 0x1000, RIGHTS, CACHED).expect_err("not assigned yet");
    assert!(matches!(error.kind(), ErrorKind::InvalidCapability(_)), "{error}");
    slot::ASID_POOL.cap().asid_pool_assign(vspace)?;
    slot::ASID_POOL.cap().asid_pool_assign(vspace)
}
