//! Stands in the place of the cell, with its capabilities, and answers.

use cell::REQUESTS;
use svc::Server;

svc::service!(main);
svc::heap!(0);

/// The label that is answered with nothing; any other gets its first word back.
const PING: u64 = 1;

fn main() -> ! {
    let server = Server::new(REQUESTS);
    svc::ready();
    let mut received = server.recv();
    loop {
        received = if received.signals().is_some() {
            server.recv()
        } else if received.message.is(PING) {
            server.reply_recv(0, [])
        } else {
            server.reply_recv(0, [received.message.words()[0]])
        };
    }
}
