//! What a call costs. With `-icount shift=0` a tick of the TSC is one instruction, and the figures are exact.

use core::arch::x86_64::_rdtsc;

use sel4::{CapRights, MessageInfo, Result, Word, cap};
use sel4_test_harness::{Env, test};

use crate::ipc::channel;

const ROUNDS: u64 = 1000;
const EMPTY: MessageInfo = MessageInfo::new(0, 0, 0, 0);

extern "C" fn server(endpoint: Word, _: Word) -> ! {
    let endpoint = cap::Endpoint::from_bits(endpoint);
    endpoint.recv_with_mrs();
    loop {
        endpoint.reply_recv_with_mrs(EMPTY, []);
    }
}

fn ticks() -> u64 {
    // SAFETY: the instruction only reads the counter.
    unsafe { _rdtsc() }
}

/// The address space stays the same, so no page table is switched: the kernel's work is nearly that of two.
#[test]
fn a_call_without_words(env: &mut Env) -> Result<()> {
    let (endpoint, client) = channel(env, CapRights::new(true, false, true), 1)?;
    env.spawn(server, [endpoint.bits(), 0], 100, env.fault_endpoint())?;
    client.call_with_mrs(EMPTY, []);
    let start = ticks();
    for _ in 0..ROUNDS {
        client.call_with_mrs(EMPTY, []);
    }
    let each = (ticks() - start) / ROUNDS;
    sel4_test_harness::println!("{each} ticks each");
    assert!(each > 0);
    Ok(())
}
