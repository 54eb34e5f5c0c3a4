//! table: client.root: its badge is not the one by which the root task knows it
#[macro_use]
mod parts;
use parts::*;

/// That of the server, which stands first.
const TO_ROOT: Grant = Grant::new("root", Object::Endpoint { of: ROOT, badge: control_badge(0) }, Rights::WG);

require_with!(client(&[&[Need::call("root", Slot(8), "control")]], &[TO_ROOT]));

fn main() {}
