//! Address spaces: what is mapped can be used as it was mapped, and not otherwise; tables can go and come back.

use sel4::Word;

use crate::agent::{Agent, CODE, DATA, Op, VM_FAULT, agent_code, cause, function_code};
use crate::kernel::{EXECUTE, NEVER, READ, READ_WRITE, map, map_table, remap, reply, unmap, unmap_table};
use crate::report::check as checked;
use crate::task::{Task, VSPACE, WINDOW, copy_to, delete, fill, peek};

/// An agent's address space, with what is mapped there.
pub struct Space {
    /// The agent.
    pub agent: Agent,
    /// The root table.
    pub root: Word,
    /// The table below.
    pub middle: Word,
    /// The table below that.
    pub leaf: Word,
    /// The frame of its code, mapped at [`CODE`].
    pub code: Word,
    /// The frame of its data, mapped at [`DATA`].
    pub data: Word,
    /// A frame with a function, mapped nowhere.
    pub function: Word,
}

/// An address of the space where nothing is mapped.
pub const SPARE: Word = 0x40_2000;
/// Another one.
pub const OTHER: Word = 0x40_3000;
/// What the agent leaves in its data.
pub const MARK: Word = 0x1234;

/// A space with an agent in it.
pub fn check(task: &mut Task) -> Space {
    let (root, middle, leaf) = task.vspace(CODE);
    let (code, function, data) = (task.page(), task.page(), task.page());
    let (agent_code, agent_bytes) = agent_code();
    fill(code, agent_code, agent_bytes);
    let (function_code, function_bytes) = function_code();
    fill(function, function_code, function_bytes);
    checked("map code read-only", map(code, root, CODE, READ, EXECUTE), 0);
    checked("map data", map(data, root, DATA, READ_WRITE, NEVER), 0);
    let agent = Agent::new(task, root, CODE);
    let space = Space { agent, root, middle, leaf, code, data, function };
    accesses(task, &space);
    rights(task, &space);
    space
}

fn accesses(task: &mut Task, space: &Space) {
    let agent = &space.agent;
    agent.expect("memory is zeroed", Op::Read, DATA, 0, 0);
    agent.expect("write", Op::Write, DATA, MARK, 0);
    agent.expect("read it back", Op::Read, DATA, 0, MARK);
    let here = task.copy(space.data);
    checked("the same frame elsewhere", map(here, VSPACE, WINDOW, READ, NEVER), 0);
    checked("what was written is seen there", peek(WINDOW), MARK);
    agent.expect_fault("load from nothing", Op::Read, SPARE, cause::LOAD);
    agent.expect_fault("store to nothing", Op::Write, SPARE + 8, cause::STORE);
    agent.expect_fault("store to a read-only page", Op::Write, CODE, cause::STORE);
    agent.expect_fault("fetch from nothing", Op::Execute, SPARE, cause::FETCH);
    agent.expect_fault("fetch from an execute-never page", Op::Execute, DATA, cause::FETCH);
    agent.expect_fault("load from address 0", Op::Read, 0, cause::LOAD);
    for (what, address) in [
        ("the kernel's image", 0xffff_ffc0_8060_0000),
        ("the PLIC", 0xffff_ffc0_0c00_0000),
        ("the highest address", 0xffff_ffff_ffff_fff8),
        ("the highest of a user", 0x3f_ffff_fff8),
        ("an address that is not canonical", 0x40_0000_0000),
    ] {
        agent.expect_fault(what, Op::Read, address, cause::LOAD);
    }
    agent.expect_fault("store to the kernel's image", Op::Write, 0xffff_ffc0_8060_0000, cause::STORE);
    agent.expect_fault("fetch from the kernel's image", Op::Execute, 0xffff_ffc0_8060_0000, cause::FETCH);
}

fn rights(task: &mut Task, space: &Space) {
    let Space { agent, root, function, .. } = space;
    let (root, function) = (*root, *function);
    let word = peek_unaligned(function_code().0);
    checked("map a function", map(function, root, SPARE, READ, EXECUTE), 0);
    agent.expect("execute it", Op::Execute, SPARE, 0, 77);
    checked("remap it execute-never", remap(function, root, READ, NEVER), 0);
    agent.expect_fault("fetch after that", Op::Execute, SPARE, cause::FETCH);
    agent.expect("read after that", Op::Read, SPARE, 0, word);
    checked("remap it read-write", remap(function, root, READ_WRITE, EXECUTE), 0);
    agent.expect("write after that", Op::Write, SPARE + 0x100, 5, 0);
    checked("remap it without rights", remap(function, root, 0, EXECUTE), 0);
    agent.expect_fault("load without rights", Op::Read, SPARE, cause::LOAD);
    agent.expect_fault("fetch without rights", Op::Execute, SPARE, cause::FETCH);
    checked("unmap it", unmap(function), 0);
    agent.expect_fault("load after that", Op::Read, SPARE, cause::LOAD);
    checked(
        "remap what is not mapped",
        remap(function, root, READ_WRITE, EXECUTE),
        crate::errors::CAPABILITY,
    );
    let narrow = task.slot();
    checked("copy with read only", copy_to(narrow, function, READ), 0);
    checked("map that read-write", map(narrow, root, SPARE, READ_WRITE, EXECUTE), 0);
    agent.expect_fault("rights only shrink", Op::Write, SPARE, cause::STORE);
    checked("delete the copy", delete(narrow), 0);
    agent.expect_fault("load after that", Op::Read, SPARE, cause::LOAD);
}

/// A word of this program's code, which may lie on any two bytes.
pub fn peek_unaligned(address: Word) -> Word {
    // SAFETY: the program's own code is readable.
    unsafe { (address as *const Word).read_unaligned() }
}

/// Takes tables out from under a running agent and puts them back.
pub fn check_tables(task: &mut Task, space: &Space) {
    let Space { agent, root, middle, leaf, code, data, .. } = space;
    let (root, middle, leaf) = (*root, *middle, *leaf);
    let fetch_fault = |agent: &Agent| {
        let answer = agent.ask(Op::Read, DATA, 0);
        (answer.label, answer.words[2], answer.words[3])
    };
    let again = |address, frame: &Word, rights, attributes| {
        checked("unmap a page of a table that is gone", unmap(*frame), 0);
        checked("map it again", map(*frame, root, address, rights, attributes), 0);
    };
    checked("unmap the leaf table", unmap_table(leaf), 0);
    checked("the agent faults on its code", fetch_fault(agent), (VM_FAULT, 1, cause::FETCH));
    checked("map the leaf table again", map_table(leaf, root, CODE), 0);
    checked("its pages are gone", remap(*code, root, READ, EXECUTE), crate::errors::CAPABILITY);
    again(CODE, code, READ, EXECUTE);
    again(DATA, data, READ_WRITE, NEVER);
    reply(0, [0; 4]);
    checked("the agent goes on", agent.result().words[0], MARK);

    checked("delete the middle table", delete(middle), 0);
    checked("the agent faults again", fetch_fault(agent), (VM_FAULT, 1, cause::FETCH));
    let other = task.table();
    checked("another middle table", map_table(other, root, CODE), 0);
    checked("the leaf table counts as mapped", map_table(leaf, root, CODE), crate::errors::CAPABILITY);
    checked("unmap it", unmap_table(leaf), 0);
    checked("map it again", map_table(leaf, root, CODE), 0);
    again(CODE, code, READ, EXECUTE);
    again(DATA, data, READ_WRITE, NEVER);
    reply(0, [0; 4]);
    checked("the agent goes on again", agent.result().words[0], MARK);
}
