//! A protection domain for one program: what the others know of it, and (on the device) what runs in it.
//!
//! The agent verifies and compiles a program into an [`image`], notes it in the [`ledger`], and asks the root task for a
//! cell. The cell maps its image read-only, its maps, a page for what it has to say, where the hook has one its context read-only, and nothing else; it holds the
//! endpoint where events arrive, and the one for its faults. The owner of a hook Calls with up to four words and gets
//! the verdict.
#![no_std]
#![cfg_attr(not(test), forbid(unsafe_code))]

pub mod hook;
pub mod image;
pub mod ledger;
pub mod out;

use caps::{Region, Slot, standard};

/// Cells at a time.
pub const CELLS: usize = 64;

/// In a cell: where events arrive.
pub const EVENTS: Slot = Slot(8);
/// In the owner of a hook: the endpoint of the cell in attachment 0; those of the others follow.
pub const ATTACHED: Slot = Slot(16);

/// Bytes of context that an event carries: its four words. Where a hook has more, all of it lies in [`CONTEXT`].
pub const CONTEXT_BYTES: u32 = 32;
/// The label of an event.
pub const EVENT: u64 = 1;
/// The label by which a cell tells its fault endpoint that a program used up its instructions.
pub const OVER_BUDGET: u64 = 0xb0d6e;

const FIRST: u64 = standard::FIRST_REGION;
/// In a cell: the image, of which as many pages are mapped as it has.
pub const IMAGE: Region = Region::at(FIRST, 64);
/// In a cell: [`out`], of which as many pages are mapped as were made.
pub const OUT: Region = Region::at(FIRST + 0x4_0000, 5);
/// In a cell: the context of a hook that has more than an event's words; read-only.
pub const CONTEXT: Region = Region::at(FIRST + 0x5_0000, 8);
/// In a cell: its maps, one behind the other.
pub const MAPS: Region = Region::at(FIRST + 0x6_0000, 416);
/// Pages of a cell's stack, with the frames of the program on it.
pub const STACK_PAGES: u64 = 3;

/// Most instructions of one run, whatever was proven: a loop that is known to end may still take years.
pub const FUEL: u64 = 1_000_000;

/// The slot of the endpoint of the cell in attachment `place`.
#[inline]
pub const fn attached(place: usize) -> Slot {
    Slot(ATTACHED.0 + place as u8)
}

const _: () = assert!(ATTACHED.0 as usize + hook::ATTACHMENTS == 1 << Slot::RADIX);
// All that a cell maps besides its program and its stack lies in the range of one page table.
const _: () = assert!(FIRST.is_multiple_of(0x20_0000) && MAPS.end() <= FIRST + 0x20_0000);
