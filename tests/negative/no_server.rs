//! table: client.server: there is no such server
#[macro_use]
mod parts;
use parts::*;

const TO_NOBODY: Grant = Grant::new("server", Object::Endpoint { of: "nobody", badge: 1 }, Rights::WG);

require_with!(client(&[&[CALL]], &[TO_NOBODY]));

fn main() {}
