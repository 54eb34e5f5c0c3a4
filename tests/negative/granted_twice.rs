//! table: client.server: granted twice
#[macro_use]
mod parts;
use parts::*;

require_with!(client(&[&[CALL]], &[TO_SERVER, TO_SERVER]));

fn main() {}
