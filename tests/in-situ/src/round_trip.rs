//! What a call costs. Under QEMU's `-icount shift=0` a nanosecond of the counter is an instruction.

use sel4::{CapRights, MessageInfo, Result, Word, cap};
use sel4_test_harness::{Env, test};

use crate::arch::ticks;
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
    let all = ticks() - start;
    sel4_test_harness::println!("{all} ticks for {ROUNDS} calls");
    assert!(all > 0);
    Ok(())
}
