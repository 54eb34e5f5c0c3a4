//! table: client.b: its badge is used twice
#[macro_use]
mod parts;
use parts::*;

const fn signal(need: &'static str, badge: u64) -> Grant {
    Grant::new(need, Object::Notification { of: "server", badge }, Rights::W)
}

require_with!(client(
    &[&[Need::signal("a", Slot(8)), Need::signal("b", Slot(9))]],
    &[signal("a", 0b11 << 28), signal("b", 0b10 << 28)]
));

fn main() {}
