//! On the host there is no image of a root task: every address is outside of it.

/// The image's lowest address.
pub fn image_start() -> usize {
    usize::MAX
}

/// Nor are there pages.
pub const MEMORY: Option<fn(bool) -> sel4::VmAttributes> = None;
