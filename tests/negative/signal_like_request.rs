//! table: client.a: its badge could be a caller's; take bits from 28 on
#[macro_use]
mod parts;
use parts::*;

const fn signal(need: &'static str, badge: u64) -> Grant {
    Grant::new(need, Object::Notification { of: "server", badge }, Rights::W)
}

require_with!(client(
    &[&[Need::signal("a", Slot(8)), Need::signal("b", Slot(9))]],
    &[signal("a", 1 << 27), signal("b", 1 << 29)]
));

fn main() {}
