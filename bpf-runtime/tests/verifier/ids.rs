//! More ids in a state than are kept apart where paths meet: what they say is lost, and nothing else takes its place.
use crate::common::{assemble, check_on, hook};

/// Keeps `kept` addresses of the packet at distances of their own: two in registers, the rest on the stack. Two paths meet;
/// then the one that `slot` holds is used, by this text, in r3, and all are loaded, so that none counts as dead before.
fn program(kept: usize, slot: usize, used: &str) -> String {
    let address = "r4 = *(u32 *)(r6 + 12)\nr4 &= 255\nr3 = r1\nr3 += r4\n";
    let store = |n: usize| format!("{address}*(u64 *)(r10 - {}) = r3\n", 8 * n);
    let load = |n: usize| format!("r5 = *(u64 *)(r10 - {})\n", 8 * n);
    let on_stack = (1..=kept - 2).map(store).collect::<Vec<_>>().concat();
    let all_loaded = (1..=kept - 2).map(load).collect::<Vec<_>>().concat();
    format!(
        "r6 = r1
        r2 = *(u32 *)(r6 + 4)
        r1 = *(u32 *)(r6 + 0)
        r0 = 0
        r3 = r1
        r3 += 14
        if r3 > r2 goto out
        {address}r8 = r3
        {address}r9 = r3
        {on_stack}r5 = *(u32 *)(r6 + 16)
        if r5 > 5 goto meet
        r0 = 1
        meet:
        r4 = *(u8 *)(r1 + 13)
        r3 = *(u64 *)(r10 - {})
        {used}
        {all_loaded}r4 = r8
        r5 = r9
        out:
        exit",
        8 * slot
    )
}

fn verdict(kept: usize, slot: usize, used: &str) -> Result<(), String> {
    let code = assemble(&program(kept, slot, used));
    check_on(hook("xdp"), &code).map(|_| ()).map_err(|refusal| refusal.reason.to_string())
}

const PROVEN: &str = "r4 = r3\nr4 += 8\nif r4 > r2 goto out\nr0 = *(u64 *)(r3 + 0)";
/// What is proven of the packet's start says nothing about an address behind it.
const UNPROVEN: &str = "r0 = *(u64 *)(r3 + 0)";

#[test]
fn addresses_whose_ids_found_no_room_are_lost() {
    let slots = 64;
    for slot in 1..=60 {
        assert_eq!(verdict(62, slot, PROVEN), Ok(()), "with room for all, all are there: {slot}");
    }
    let verdicts: Vec<_> = (1..=slots).map(|slot| verdict(2 + slots, slot, PROVEN)).collect();
    let lost = verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).count();
    assert_eq!(lost, 2, "of two more than fit: {verdicts:?}");
    for verdict in verdicts.iter().filter_map(|verdict| verdict.as_ref().err()) {
        assert!(verdict.contains("r3") || verdict.contains("stack"), "{verdict}");
    }
}

#[test]
fn an_address_that_is_lost_is_not_the_packets_start() {
    for slot in 1..=64 {
        let why = verdict(66, slot, UNPROVEN).expect_err("nothing is known of it");
        assert!(why.contains("packet") || why.contains("r3") || why.contains("stack"), "{why}");
    }
}
