//! Memory by its place in the service's needs.

use core::ptr::{NonNull, with_exposed_provenance, with_exposed_provenance_mut};

use caps::{Region, standard};
use report::counters::{self, Counter, Counters};
use shm::Shm;

/// Refuses what could be the service's own memory: its image lies below the IPC buffer, its stack below
/// `STACK_TOP` and above the standard regions. At any other address there is shared memory, a device or nothing,
/// and no Rust object.
const fn check(region: Region) {
    let standard = region.vaddr >= standard::LOG.vaddr && region.end() <= standard::CLOCK.end();
    let own = region.vaddr >= standard::FIRST_REGION && region.end() <= 1 << 32;
    assert!(standard || own, "neither a standard region nor one of the service's needs");
}

/// The shared memory at `region`, one of the service's needs.
#[inline(always)]
pub const fn region(region: Region) -> Shm<'static> {
    check(region);
    let base = with_exposed_provenance_mut(region.vaddr as usize);
    // SAFETY: `check` excludes memory that Rust objects live in, so no reference to it exists. It stays as the
    // root task mapped it; if it did not map it, an access faults and the service is built again.
    unsafe { Shm::new(NonNull::new_unchecked(base), region.len()) }
}

/// The registers of a device at `region`, one of the service's needs.
#[derive(Clone, Copy, Debug)]
pub struct Mmio(Region);

impl Mmio {
    /// The registers at `region`.
    pub const fn new(region: Region) -> Self {
        check(region);
        Self(region)
    }

    /// Reads the one of 32 bits at `offset`.
    ///
    /// # Panics
    /// It is not aligned or not inside the region: a mistake of the driver.
    #[inline]
    pub fn read32(self, offset: usize) -> u32 {
        // SAFETY: inside a region where no Rust object lives, and aligned.
        unsafe { with_exposed_provenance::<u32>(self.address(offset, 4)).read_volatile() }
    }

    /// Writes the one of 32 bits at `offset`.
    ///
    /// # Panics
    /// As [`Mmio::read32`].
    #[inline]
    pub fn write32(self, offset: usize, value: u32) {
        // SAFETY: as in `read32`.
        unsafe { with_exposed_provenance_mut::<u32>(self.address(offset, 4)).write_volatile(value) }
    }

    /// Reads the byte at `offset`.
    ///
    /// # Panics
    /// It is not inside the region: a mistake of the driver.
    #[inline]
    pub fn read8(self, offset: usize) -> u8 {
        // SAFETY: as in `read32`.
        unsafe { with_exposed_provenance::<u8>(self.address(offset, 1)).read_volatile() }
    }

    /// Writes the byte at `offset`.
    ///
    /// # Panics
    /// As [`Mmio::read8`].
    #[inline]
    pub fn write8(self, offset: usize, value: u8) {
        // SAFETY: as in `read32`.
        unsafe { with_exposed_provenance_mut::<u8>(self.address(offset, 1)).write_volatile(value) }
    }

    #[inline]
    fn address(self, offset: usize, size: usize) -> usize {
        assert!(offset.is_multiple_of(size) && offset < self.0.len(), "no register at {offset:#x}");
        self.0.vaddr as usize + offset
    }
}

/// The service's counters, under these names, in their order. Their values go on over a restart.
///
/// # Panics
/// Never: the page has room for `N` counters, which is checked while compiling.
pub fn counters<const N: usize>(names: [&str; N]) -> [Counter<'static>; N] {
    const { assert!(N <= counters::MAX, "more counters than fit the page") };
    let page = Counters::new(region(standard::METRICS));
    // Neither can fail: N was checked.
    let _ = page.declare(&names);
    core::array::from_fn(|index| page.counter(index).expect("the page has room"))
}

/// Forgets which Call the service waited in when it was built again.
pub(crate) fn clear_pending_call() {
    let _ = region(standard::METRICS).store(counters::PENDING_CALL, 8, 0);
}
