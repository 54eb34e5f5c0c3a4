//! table: client.b: the device is given twice
#[macro_use]
mod parts;
use parts::*;

const fn irq(need: &'static str, badge: u64) -> Grant {
    Grant::new(need, Object::Irq { line: 4, badge }, Rights::RW)
}

require_with!(client(&[&[Need::irq("a", Slot(8)), Need::irq("b", Slot(9))]], &[irq("a", 1), irq("b", 2)]));

fn main() {}
