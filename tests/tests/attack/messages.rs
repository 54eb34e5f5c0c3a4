//! Messages to the endpoint of its faults that are none, answers that are none.

use anyhow::{Result, ensure};

use crate::{
    order::{Kind, Order, Range},
    scene::Scene,
    table::{Row, check, rows},
};

const FAULT: u64 = caps::standard::FAULT.cptr();
const CALL: u64 = 0_u64.wrapping_sub(1);
const SEND: u64 = 0_u64.wrapping_sub(3);
const NB_SEND: u64 = 0_u64.wrapping_sub(4);
/// The answer that tells the hook's owner that the cell is gone (`report::counters::CALL_FAILED`).
const CALL_FAILED: u64 = 0xf_ffff;

#[test]
fn what_is_sent_to_the_endpoint_for_faults() -> Result<()> {
    let mut scene = Scene::new()?;
    let mut table = Vec::new();
    let labels = [
        ("nothing", 0, 0),
        ("a capability fault", 1, 7),
        ("an unknown system call", 2, 19),
        ("an exception", 3, 5),
        ("a page fault", 5, 4),
        ("being over its budget", cell::OVER_BUDGET, 1),
        ("a request to the root task: restart the agent", 1, 1),
        ("a request to the root task: kill cell 0", 3, 1),
        ("a message of 127 words", 9, 127),
    ];
    for (what, label, words) in labels {
        let mut outcomes = Vec::new();
        for number in [CALL, SEND, NB_SEND] {
            let order = Order::at(Kind::SystemCall, &[Range::one(FAULT)]);
            // The words of a fault that would be another's: of the victim, the first cell.
            let order = order.args(&[number, label, 1, words, 0, 0x1234, 0, 4]);
            outcomes.extend(scene.each(&order)?);
        }
        let first = outcomes[0].clone();
        ensure!(outcomes.iter().all(|outcome| *outcome == first), "{what}: {outcomes:?}");
        table.push(Row::native(
            format!("sends {what} to the endpoint for its faults"),
            3,
            format!("{first}; stopped"),
        ));
    }
    scene.end()?;
    check("messages", &[table, answers()?].concat())
}

/// What the owner of the hook is answered.
fn answers() -> Result<Vec<Row>> {
    let mut scene = Scene::new()?;
    let mut table = Vec::new();
    for (label, words) in [(0, 127), (7, 4), (0xe_ffff, 120), (CALL_FAILED, 1)] {
        let order = Order::times(Kind::ReplyThen, 1).args(&[label, words, 0, 0]);
        let outcomes = scene.each(&order)?;
        if label == CALL_FAILED {
            // Its owner takes it for failed.
            scene.answered_less(1);
        }
        table.extend(rows(
            vec![format!("answers its event with label {label:#x} and {words} words")],
            outcomes,
        ));
    }
    let verdict = Order::times(Kind::Instruction, 0).args(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, u64::MAX]);
    let outcome = scene.attack(&verdict)?;
    ensure!(outcome.faults == 0);
    table.push(Row::native("answers with a verdict that is none", 1, "goes on"));
    scene.end()?;
    Ok(table)
}
