//! table: client.again: its badge is used twice
#[macro_use]
mod parts;
use parts::*;

const AGAIN: Need = Need::call("again", Slot(9), "p");

require_with!(client(&[&[CALL, AGAIN]], &[TO_SERVER, Grant::new("again", TO_SERVER.object, Rights::WG)]));

fn main() {}
