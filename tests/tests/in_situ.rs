//! The tests that run on the kernel, each listed here as one test for the debug and the release kernel.
fn main() {}
