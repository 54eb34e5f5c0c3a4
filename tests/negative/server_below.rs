//! table: client.server: the server does not rank above its caller
#[macro_use]
mod parts;
use parts::*;

require_with!(Service { priority: 21, ..client(&[&[CALL]], &[TO_SERVER]) });

fn main() {}
