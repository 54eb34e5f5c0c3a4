//! table: client.root: the server does not speak this protocol
#[macro_use]
mod parts;
use parts::*;

const TO_ROOT: Grant = Grant::new("root", Object::Endpoint { of: ROOT, badge: control_badge(1) }, Rights::WG);

require_with!(client(&[&[Need::call("root", Slot(8), "p")]], &[TO_ROOT]));

fn main() {}
