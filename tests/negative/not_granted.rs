//! table: client.server: needed, but not granted
#[macro_use]
mod parts;
use parts::*;

require_with!(client(&[&[CALL]], &[]));

fn main() {}
