//! table: client.b: shares its slot or address with another need
#[macro_use]
mod parts;
use parts::*;

const PORTS: Object = Object::Ports { first: 1, last: 2 };

require_with!(client(
    &[&[CALL, Need::ports("b", Slot(8))]],
    &[TO_SERVER, Grant::new("b", PORTS, Rights::RW)]
));

fn main() {}
