//! What an architecture defines: all names are on this page. Registers are the program's, 0 to 10, unless their
//! type is [`Register`].
use super::{Error, Trap, buffer::Buffer, compiler::Compiler, labels::Label};
use crate::isa::{Alu, Atomic, Operand, Size, Swap, Test, Width};

/// A register of the machine.
pub(super) type Register = u8;

/// A place in memory: what a register holds and a displacement.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) base: Register,
    pub(super) off: i32,
}

/// How instructions hold distances.
pub(super) trait Distances: Sized {
    /// Which bits of an instruction they are.
    type Hole: Copy;

    /// Writes the distance to `to` into the instruction at `at`; false: it does not fit.
    fn fill(buffer: &mut Buffer<'_, Self>, hole: Self::Hole, at: usize, to: usize) -> bool;
}

/// RFC 9669, sections 4.1, 4.2 and 5.4.
pub(super) trait Arithmetic: Sized {
    /// `dst = lhs (alu) rhs`; `lhs` is `dst` in single instructions.
    fn alu_register(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, rhs: u8);
    fn alu_imm(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, imm: i32);
    fn neg(b: &mut Buffer<'_, Self>, width: Width, dst: u8);
    /// Sign-extends the low `bits`.
    fn mov_sx(b: &mut Buffer<'_, Self>, width: Width, bits: u8, dst: u8, src: u8);
    fn swap(b: &mut Buffer<'_, Self>, swap: Swap, bits: u8, dst: u8);
    fn mov_imm(b: &mut Buffer<'_, Self>, dst: u8, value: u64);
}

/// RFC 9669, sections 5.1 to 5.3.
pub(super) trait Memory: Distances {
    /// Where an access that needs no check goes.
    fn place(b: &mut Buffer<'_, Self>, size: Size, base: u8, off: i16) -> Place;
    /// Where an access goes, which fails unless it lies in a region.
    fn checked_place(c: &mut Compiler<'_, '_, Self>, access: super::compiler::Access)
    -> Result<Place, Error>;
    /// Fails unless an address is a multiple of the size.
    fn check_alignment(c: &mut Compiler<'_, '_, Self>, size: Size, base: u8, off: i16) -> Result<(), Error>;
    /// The routine that looks for an address in the regions but the first.
    fn search(b: &mut Buffer<'_, Self>, size: Size, write: bool);
    /// The end of an access that is not in the first region: searches by the routine; found, goes on at `resume`,
    /// else the run ends.
    fn search_or_trap(c: &mut Compiler<'_, '_, Self>, routine: Label, resume: Label) -> Result<(), Error>;
    fn load(b: &mut Buffer<'_, Self>, size: Size, signed: bool, dst: u8, place: Place);
    fn store(b: &mut Buffer<'_, Self>, size: Size, src: Operand, place: Place);
    fn atomic(b: &mut Buffer<'_, Self>, atomic: Atomic, size: Size, src: u8, place: Place);
}

/// RFC 9669, section 4.3; begin and end.
pub(super) trait Control: Distances {
    /// The C function: it calls the program, which is a function like its own ones. Binds the label
    /// [`Compiler::leave`] to what a run that was ended goes to.
    fn enter(c: &mut Compiler<'_, '_, Self>) -> Result<(), Error>;
    fn exit(b: &mut Buffer<'_, Self>);
    /// Takes from the fuel; fails if it has less.
    fn spend(c: &mut Compiler<'_, '_, Self>, instructions: u32) -> Result<(), Error>;
    /// Keeps which instruction it is that ends the run.
    fn keep_slot(c: &mut Compiler<'_, '_, Self>);
    /// Ends the run.
    fn end(c: &mut Compiler<'_, '_, Self>, trap: Trap) -> Result<(), Error>;
    /// Fills up to where jumps go faster to, with what does nothing, if the machine has such places.
    fn align(_: &mut Buffer<'_, Self>) {}
    fn goto(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error>;
    fn goto_if(
        c: &mut Compiler<'_, '_, Self>,
        test: Test,
        width: Width,
        dst: u8,
        src: Operand,
        to: Label,
    ) -> Result<(), Error>;
    fn code_address(c: &mut Compiler<'_, '_, Self>, dst: u8, to: Label) -> Result<(), Error>;
}

/// Calls.
pub(super) trait Calls: Distances {
    /// `entry`: where in the table of helpers it is, in bytes.
    fn call_helper(c: &mut Compiler<'_, '_, Self>, number: u32, entry: i32) -> Result<(), Error>;
    fn call_local(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error>;
    /// A number of a helper, or a code address: which one, [`Compiler::indirect`] finds out.
    fn call_register(c: &mut Compiler<'_, '_, Self>, dst: u8) -> Result<(), Error>;
    /// A part of that routine: goes to the slot if its address is the one that is called.
    fn dispatch(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error>;
}

/// All of it.
pub(super) trait Machine: Arithmetic + Memory + Control + Calls {}

impl<M: Arithmetic + Memory + Control + Calls> Machine for M {}
