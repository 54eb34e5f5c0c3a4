//! Accepted: without this one, the others could fail for any reason.
#[macro_use]
mod parts;
use parts::*;

require_with!(client(&[&[CALL, MEMORY]], &[TO_SERVER, THE_MEMORY]));

fn main() {}
