//! table: client.memory: granted with other rights than it needs
#[macro_use]
mod parts;
use parts::*;

require_with!(client(&[&[MEMORY]], &[Grant::new("memory", THE_MEMORY.object, Rights::R)]));

fn main() {}
