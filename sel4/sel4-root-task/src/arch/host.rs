//! On the host there is no image of a root task: every address is outside of it.

/// The image's lowest address.
pub fn image_start() -> usize {
    usize::MAX
}
