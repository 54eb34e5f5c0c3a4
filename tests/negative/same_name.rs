//! table: client.name: two services have it
#[macro_use]
mod parts;
use parts::*;

const _: () = require(&System { memory: &[], services: &[SERVER, client(&[], &[]), client(&[], &[])], cells: CELLS });

fn main() {}
