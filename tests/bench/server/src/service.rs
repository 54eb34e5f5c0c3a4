//! Stands in the place of the program that all cells run, with its capabilities, and answers.

use cell::EVENTS;
use svc::Server;

svc::domain!(main);

/// The label that is answered with nothing; any other gets its first word back.
const PING: u64 = 2;
/// From this one on nothing is looked at.
const RAW: u64 = 3;

fn main() -> ! {
    let server = Server::new(EVENTS);
    let mut received = server.recv();
    loop {
        received = if received.message.is(PING) {
            server.reply_recv(0, [])
        } else if received.message.is(RAW) {
            loop {
                server.reply_recv(0, []);
            }
        } else {
            server.reply_recv(0, [received.message.words()[0]])
        };
    }
}
