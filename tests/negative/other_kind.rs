//! table: client.server: granted something of another kind
#[macro_use]
mod parts;
use parts::*;

require_with!(client(&[&[CALL]], &[Grant::new("server", THE_MEMORY.object, Rights::WG)]));

fn main() {}
