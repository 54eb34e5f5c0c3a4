//! Address space identifiers: used again and again, by pools that come and go.

use sel4::Word;
use sel4::init_thread::slot;
use sel4::sys::{self, invocation_label as label};

use crate::agent::{Agent, CODE, DATA, Op, VM_FAULT, cause};
use crate::errors::LOOKUP;
use crate::kernel::{EXECUTE, NEVER, READ, READ_WRITE, assign, error, map, map_table};
use crate::report::{check as checked, line};
use crate::task::{ASID_POOL, CNODE, Task, configure, delete, revoke};
use crate::vspace::{OTHER, Space};

const ASID_CONTROL: Word = slot::ASID_CONTROL.index() as Word;
/// More than a pool has.
const MANY: usize = 520;

/// Makes a pool; gives the error.
pub fn make_pool(memory: Word, to: Word) -> Word {
    error(ASID_CONTROL, label::RISCVASIDControlMakePool, &[memory, CNODE], &[to, 64])
}

/// Checks all of this.
pub fn check(task: &mut Task, space: &Space) {
    one_after_another(task, space);
    a_pool_that_goes(task, space);
    a_pool_that_is_full(task);
}

/// The same identifier, addresses and code, other data each time.
fn one_after_another(task: &mut Task, space: &Space) {
    let memory = task.make(sys::seL4_UntypedObject, 16);
    let mark = task.mark();
    let mut bad = 0;
    for round in 0..300 {
        let [root, middle, leaf] = [0; 3].map(|_| task.make_from(memory, sys::seL4_RISCV_PageTableObject, 0));
        let data = task.make_from(memory, sys::seL4_RISCV_4K_Page, 0);
        let code = task.copy(space.code);
        let errors = [
            assign(ASID_POOL, root),
            map_table(middle, root, CODE),
            map_table(leaf, root, CODE),
            map(code, root, CODE, READ, EXECUTE),
            map(data, root, DATA, READ_WRITE, NEVER),
        ];
        let [commands, results] = [0; 2].map(|_| task.make_from(memory, sys::seL4_EndpointObject, 0));
        let tcb = task.make_from(memory, sys::seL4_TCBObject, 0);
        configure(tcb, root, results, 255);
        let agent = Agent { tcb, commands, results, entry: CODE };
        agent.restart();
        let fresh = agent.ask(Op::Read, DATA, 0).words[0];
        agent.ask(Op::Write, DATA, round + 1);
        let kept = agent.ask(Op::Read, DATA, 0).words[0];
        let gone = [delete(code), revoke(memory)];
        bad += u32::from((errors, fresh, kept, gone) != ([0; 5], 0, round + 1, [0; 2]));
        task.back_to(mark);
    }
    checked("300 VSpaces one after another", bad, 0);
}

fn a_pool_that_goes(task: &mut Task, space: &Space) {
    let (memory, pool) = (task.make(sys::seL4_UntypedObject, sys::seL4_ASIDPoolBits), task.slot());
    checked("make a pool", make_pool(memory, pool), 0);
    let (root, middle, leaf) = (task.table(), task.table(), task.table());
    checked("assign from it", assign(pool, root), 0);
    checked("map a middle table", map_table(middle, root, CODE), 0);
    checked("map a leaf table", map_table(leaf, root, CODE), 0);
    let (code, data, frame) = (task.copy(space.code), task.page(), task.page());
    checked("map code", map(code, root, CODE, READ, EXECUTE), 0);
    checked("map data", map(data, root, DATA, READ_WRITE, NEVER), 0);
    let agent = Agent::new(task, root, CODE);
    agent.expect("an agent lives there", Op::Write, DATA, 9, 0);
    agent.expect("and goes on", Op::Read, DATA, 0, 9);
    checked("delete the pool", delete(pool), 0);
    let answer = agent.ask(Op::Read, DATA, 0);
    checked("the agent has no VSpace", (answer.label, answer.words[3]), (VM_FAULT, cause::FETCH));
    checked("nothing can be mapped there", map(frame, root, OTHER, READ_WRITE, NEVER), LOOKUP);
}

fn a_pool_that_is_full(task: &mut Task) {
    let mut roots = [0; MANY];
    let mut given = 0;
    for root in &mut roots {
        *root = task.table();
        if assign(ASID_POOL, *root) != 0 {
            break;
        }
        given += 1;
    }
    line(format_args!("note {given} VSpaces fill the pool"));
    checked("a pool is full at some time", (400..MANY).contains(&given), true);
    for root in &roots[..=given.min(MANY - 1)] {
        delete(*root);
    }
    let table = task.table();
    checked("its identifiers are free again", assign(ASID_POOL, table), 0);
    checked("delete the last", delete(table), 0);
}
