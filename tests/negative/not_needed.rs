//! table: client.memory: granted, but nobody needs it
#[macro_use]
mod parts;
use parts::*;

require_with!(client(&[&[CALL]], &[TO_SERVER, THE_MEMORY]));

fn main() {}
