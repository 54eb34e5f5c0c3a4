//! table: client.b: the device is given twice
#[macro_use]
mod parts;
use parts::*;

const fn ports(need: &'static str, first: u16, last: u16) -> Grant {
    Grant::new(need, Object::Ports { first, last }, Rights::RW)
}

require_with!(client(
    &[&[Need::ports("a", Slot(8)), Need::ports("b", Slot(9))]],
    &[ports("a", 0x3f8, 0x3ff), ports("b", 0x3ff, 0x400)]
));

fn main() {}
