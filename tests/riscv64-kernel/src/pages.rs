//! Large pages, and revoking them while others run.

use sel4::sys;

use crate::agent::{CODE, DATA, Op, VM_FAULT, cause};
use crate::errors::{DELETE_FIRST, LOOKUP};
use crate::kernel::{EXECUTE, NEVER, READ_WRITE, map, map_table, now, spin_us, unmap};
use crate::report::{check as checked, line};
use crate::task::{Task, delete, revoke, suspend};
use crate::threads::{counted, counter};
use crate::vspace::{MARK, Space};

/// Where PCI's memory begins: device memory of a gibibyte (QEMU `hw/riscv/virt.c`, `VIRT_PCIE_MMIO`).
const PCI: u64 = 0x4000_0000;

/// Checks pages of 2 MiB and 1 GiB.
pub fn check(task: &mut Task, space: &Space) {
    let (agent, root) = (&space.agent, space.root);
    let (large, small, table) = (task.make(sys::seL4_RISCV_Mega_Page, 0), task.page(), task.table());
    let at = 0x60_0000;
    checked("2 MiB where a table is", map(large, root, CODE, READ_WRITE, NEVER), DELETE_FIRST);
    checked("map 2 MiB", map(large, root, at, READ_WRITE, NEVER), 0);
    agent.expect("write its last word", Op::Write, at + 0x1f_fff8, 0x77, 0);
    agent.expect("read it", Op::Read, at + 0x1f_fff8, 0, 0x77);
    checked("4 KiB inside", map(small, root, at, READ_WRITE, EXECUTE), LOOKUP);
    checked("a table inside", map_table(table, root, at), DELETE_FIRST);
    checked("unmap it", unmap(large), 0);
    agent.expect_fault("its end is gone", Op::Read, at + 0x1f_fff8, cause::LOAD);
    agent.expect_fault("its start is gone", Op::Read, at, cause::LOAD);
    let huge = task.make_from(task.device(PCI), sys::seL4_RISCV_Giga_Page, 0);
    let highest = 0x3f_c000_0000;
    checked("map the highest GiB", map(huge, root, highest, READ_WRITE, NEVER), 0);
    checked("unmap that", unmap(huge), 0);
    agent.expect_fault("it is gone", Op::Read, highest, cause::LOAD);
}

/// Revokes large pages, which takes longer than a time slice, and then the agent's own VSpace.
pub fn check_revoke(task: &mut Task, space: &Space) {
    let tcb = counter(task);
    let memory = task.make_from(task.large, sys::seL4_UntypedObject, 22);
    let (mark, start, before) = (task.mark(), now(), counted());
    let mut errors = 0;
    for _ in 0..10 {
        for _ in 0..2 {
            task.make_from(memory, sys::seL4_RISCV_Mega_Page, 0);
        }
        errors += revoke(memory);
        task.back_to(mark);
        spin_us(12_000);
    }
    checked("revoke 4 MiB ten times", errors, 0);
    line(format_args!("note that took {} ms", (now() - start) / 10_000));
    checked("another thread ran meanwhile", counted() > before, true);
    checked("suspend it", suspend(tcb), 0);
    checked("the agent is still alive", space.agent.ask(Op::Read, DATA, 0).words[0], MARK);
    checked("revoke its VSpace's copies", revoke(space.root), 0);
    checked("delete its VSpace", delete(space.root), 0);
    let answer = space.agent.ask(Op::Read, DATA, 0);
    checked("it has no VSpace", (answer.label, answer.words[3]), (VM_FAULT, cause::FETCH));
}
