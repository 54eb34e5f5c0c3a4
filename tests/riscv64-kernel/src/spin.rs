//! Three address spaces with different memory at the same addresses, switched by preemption and by yielding: none may
//! ever see another one's.

use sel4::Word;

use crate::agent::{CODE, DATA, spin_code};
use crate::devices::Clock;
use crate::kernel::{EXECUTE, NEVER, READ, READ_WRITE, map, poll};
use crate::report::check as checked;
use crate::task::{Task, VSPACE, WINDOW, delete, fill, peek, register, suspend};

const PEEK: Word = WINDOW + 0x5000;
const RUN_NS: u64 = 500_000_000;

/// One of the three.
struct Spinner {
    tcb: Word,
    root: Word,
    data: Word,
    id: Word,
}

/// Checks this.
pub fn check(task: &mut Task, clock: &mut Clock) {
    let (page, faults) = (task.page(), task.endpoint());
    let (code, bytes) = spin_code();
    fill(page, code, bytes);
    for yields in [false, true] {
        let spinners = [1, 2, 3].map(|n| start(task, page, faults, (n * 0x1111, yields)));
        clock.sleep_ns(RUN_NS);
        checked("nobody saw another one's memory", poll(faults).label, 0);
        for spinner in spinners {
            checked("suspend one of them", suspend(spinner.tcb), 0);
            let copy = task.copy(spinner.data);
            checked("look at its memory", map(copy, VSPACE, PEEK, READ, NEVER), 0);
            checked("its own number is there", peek(PEEK), spinner.id);
            checked("it ran", peek(PEEK + 8) > 100, true);
            for cap in [copy, spinner.tcb, spinner.root] {
                delete(cap);
            }
        }
    }
}

fn start(task: &mut Task, page: Word, faults: Word, (id, yields): (Word, bool)) -> Spinner {
    let (root, _, _) = task.vspace(CODE);
    let (code, data) = (task.copy(page), task.page());
    checked("map its code", map(code, root, CODE, READ, EXECUTE), 0);
    checked("map its data", map(data, root, DATA, READ_WRITE, NEVER), 0);
    let registers =
        [(register::PC, CODE), (register::S0, DATA), (register::S1, id), (register::S2, Word::from(yields))];
    Spinner { tcb: task.thread(root, faults, 254, &registers), root, data, id }
}
