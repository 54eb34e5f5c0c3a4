//! Invocations that are refused.

use sel4::Word;
use sel4::sys::{self, invocation_label as label};

use crate::agent::{CODE, DATA};
use crate::kernel::{EXECUTE, READ_WRITE, assign, invoke, map, map_table, unmap_table};
use crate::report::check as checked;
use crate::task::{ASID_POOL, Task, VSPACE, copy_to, delete};
use crate::vspace::{OTHER, Space};

/// An argument is out of bounds.
pub const ARGUMENT: Word = sys::seL4_InvalidArgument;
/// A capability is of the wrong kind, or in the wrong state.
pub const CAPABILITY: Word = sys::seL4_InvalidCapability;
/// Not now.
pub const ILLEGAL: Word = sys::seL4_IllegalOperation;
/// Out of range.
pub const RANGE: Word = sys::seL4_RangeError;
/// An address is not aligned.
pub const ALIGNMENT: Word = sys::seL4_AlignmentError;
/// A table is missing.
pub const LOOKUP: Word = sys::seL4_FailedLookup;
/// Something is there already.
pub const DELETE_FIRST: Word = sys::seL4_DeleteFirst;
/// There are copies.
pub const REVOKE_FIRST: Word = sys::seL4_RevokeFirst;

const KERNEL: Word = 0xffff_ffc0_0000_0000;
const BEYOND_USER: Word = 0x40_0000_0000;

/// Checks all of this.
pub fn check(task: &mut Task, space: &Space) {
    pages(task, space);
    tables(task, space);
    buffers(task, space);
}

fn pages(task: &mut Task, space: &Space) {
    let (root, frame) = (space.root, task.page());
    let map = |frame, vspace, address| map(frame, vspace, address, READ_WRITE, EXECUTE);
    checked("map a mapped frame", map(space.data, root, OTHER), CAPABILITY);
    checked("map over a frame", map(frame, root, DATA), DELETE_FIRST);
    checked("map without a table", map(frame, root, 0x4000_0000), LOOKUP);
    checked("map unaligned", map(frame, root, OTHER + 8), ALIGNMENT);
    checked("map in the kernel", map(frame, root, KERNEL), ARGUMENT);
    checked("map beyond the user", map(frame, root, BEYOND_USER), ARGUMENT);
    checked("map in a table that is no root", map(frame, space.leaf, OTHER), CAPABILITY);
    let address = invoke(frame, label::RISCVPageGetAddress, &[], &[]);
    checked("a frame's address", (address.label, address.words[0] & 0xfff), (0, 0));
    let unmapped = task.table();
    checked("map in a table without ASID", map(frame, unmapped, OTHER), CAPABILITY);
}

fn tables(task: &mut Task, space: &Space) {
    let (root, leaf, spare) = (space.root, space.leaf, task.table());
    checked("map a table where there is one", map_table(spare, root, CODE), DELETE_FIRST);
    checked("map a table in the kernel", map_table(spare, root, KERNEL), ARGUMENT);
    checked("map a table twice", map_table(leaf, root, 0x8000_0000), CAPABILITY);
    checked("map a root", map_table(root, VSPACE, 0x8000_0000), CAPABILITY);
    checked("map a root in itself", map_table(root, root, 0x8000_0000), CAPABILITY);
    checked("unmap a root", unmap_table(root), ILLEGAL);
    checked("assign an ASID twice", assign(ASID_POOL, root), CAPABILITY);
    checked("assign an ASID to a mapped table", assign(ASID_POOL, leaf), CAPABILITY);
    let slot = task.slot();
    checked("copy an unmapped table", copy_to(slot, spare, READ_WRITE), ILLEGAL);
    let copy = task.copy(leaf);
    checked("unmap a table that was copied", unmap_table(leaf), REVOKE_FIRST);
    checked("delete the copy", delete(copy), 0);
}

/// An IPC buffer that ran over the end of its page would let a message be written into another's memory.
fn buffers(task: &mut Task, space: &Space) {
    let (tcb, frame) = (task.make(sys::seL4_TCBObject, 0), task.page());
    for (offset, want) in [(0, 0), (0x400, 0), (0xc00, 0), (0x200, ALIGNMENT), (0xe00, ALIGNMENT)] {
        let set = invoke(tcb, label::TCBSetIPCBuffer, &[frame], &[DATA + offset]);
        checked("where an IPC buffer may be", set.label, want);
    }
    let table = invoke(tcb, label::TCBSetIPCBuffer, &[space.leaf], &[DATA]);
    checked("a table as an IPC buffer", table.label, ILLEGAL);
    checked("delete the thread", delete(tcb), 0);
}
