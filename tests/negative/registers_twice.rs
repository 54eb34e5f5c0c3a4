//! table: client.b: the device is given twice
#[macro_use]
mod parts;
use parts::*;

const fn registers(need: &'static str, paddr: u64, pages: u64) -> Grant {
    Grant::new(need, Object::Mmio { paddr, pages }, Rights::RW)
}

require_with!(client(
    &[&[Need::mmio("a", Region::at(0x2000_0000, 2)), Need::mmio("b", Region::at(0x3000_0000, 1))]],
    &[registers("a", 0xfed0_0000, 2), registers("b", 0xfed0_1000, 1)]
));

fn main() {}
