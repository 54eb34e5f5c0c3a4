//! What tests of compiled code share.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
pub mod host;
pub mod native;
pub mod random;
