//! table: client.cells: the cells do not rank above their caller
#[macro_use]
mod parts;
use parts::*;

const HIGH: Service = Service {
    priority: 11,
    ..client(
        &[&[Need::cells("cells", Slot(16))]],
        &[Grant::new("cells", Object::Cells { hook: 1 }, Rights::WG)],
    )
};

require_with!(HIGH);

fn main() {}
