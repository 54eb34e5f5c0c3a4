//! Operations on slots of a CSpace.

use crate::generation::{self, CapData, cap_data};
use crate::{CPtrWithDepth, CapRights, Error, IpcBuffer, Result, Word, cap, with_ipc_buffer_mut};

/// A slot, or a CNode, as the kernel's CNode operations name it: an address from a root CNode on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbsoluteCPtr {
    root: cap::CNode,
    path: CPtrWithDepth,
}

impl cap::CNode {
    /// The slot at this address, seen from this CNode.
    pub fn absolute_cptr(self, path: impl Into<CPtrWithDepth>) -> AbsoluteCPtr {
        AbsoluteCPtr { root: self, path: path.into() }
    }

    /// The slot at the low `depth` bits of `bits`, seen from this CNode.
    pub const fn absolute_cptr_from_bits_with_depth(self, bits: Word, depth: usize) -> AbsoluteCPtr {
        AbsoluteCPtr { root: self, path: CPtrWithDepth::from_bits_with_depth(bits, depth) }
    }

    /// This CNode itself, as the destination of a retype.
    pub const fn absolute_self(self) -> AbsoluteCPtr {
        AbsoluteCPtr { root: self, path: CPtrWithDepth::empty() }
    }
}

impl AbsoluteCPtr {
    /// The CNode that the address starts from.
    pub const fn root(&self) -> cap::CNode {
        self.root
    }

    /// The address.
    pub const fn path(&self) -> CPtrWithDepth {
        self.path
    }

    pub(crate) fn depth(&self) -> u8 {
        // A depth beyond a word is refused by the kernel as it is.
        u8::try_from(self.path.depth()).unwrap_or(u8::MAX)
    }

    /// Runs an invocation of the root with the slot's index and depth.
    fn invoke(
        &self,
        call: &'static str,
        work: impl FnOnce(&mut IpcBuffer, Word, Word, u8) -> crate::sys::seL4_Error,
    ) -> Result<()> {
        with_ipc_buffer_mut(|buffer| {
            let error = work(buffer, self.root.bits(), self.path.bits(), self.depth());
            Error::wrap(call, error, buffer)
        })
    }

    /// Deletes everything derived from the slot's capability.
    ///
    /// # Errors
    ///
    /// The slot does not exist.
    pub fn revoke(&self) -> Result<()> {
        self.invoke("CNode_Revoke", |buffer, root, index, depth| {
            buffer.inner_mut().seL4_CNode_Revoke(root, index, depth)
        })
    }

    /// Empties the slot.
    ///
    /// # Errors
    ///
    /// The slot does not exist.
    pub fn delete(&self) -> Result<()> {
        self.invoke("CNode_Delete", |buffer, root, index, depth| {
            buffer.inner_mut().seL4_CNode_Delete(root, index, depth)
        })
    }

    /// Takes back what waits on the endpoint with the badge of the slot's capability.
    ///
    /// # Errors
    ///
    /// The slot does not exist or holds no endpoint capability with all rights.
    pub fn cancel_badged_sends(&self) -> Result<()> {
        self.invoke("CNode_CancelBadgedSends", |buffer, root, index, depth| {
            buffer.inner_mut().seL4_CNode_CancelBadgedSends(root, index, depth)
        })
    }

    /// Moves the capability to answer the last caller into this slot.
    ///
    /// # Errors
    ///
    /// The slot does not exist or is not empty.
    pub fn save_caller(&self) -> Result<()> {
        self.invoke("CNode_SaveCaller", |buffer, root, index, depth| {
            buffer.inner_mut().seL4_CNode_SaveCaller(root, index, depth)
        })
    }

    /// Copies `src` here with these rights or fewer.
    ///
    /// # Errors
    ///
    /// This slot is not empty, the source is, or it can't be copied.
    pub fn copy(&self, src: &Self, rights: CapRights) -> Result<()> {
        self.invoke("CNode_Copy", |buffer, root, index, depth| {
            let (src_root, src_index) = (src.root.bits(), src.path.bits());
            let rights = rights.into_inner();
            buffer.inner_mut().seL4_CNode_Copy(root, index, depth, src_root, src_index, src.depth(), rights)
        })
    }

    /// Copies `src` here with these rights or fewer and with a badge; for a CNode the badge is
    /// [`CNodeCapData::into_word`].
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy), or the source has a badge already.
    pub fn mint(&self, src: &Self, rights: CapRights, badge: Word) -> Result<()> {
        self.invoke("CNode_Mint", |buffer, root, index, depth| {
            let (src_root, src_index) = (src.root.bits(), src.path.bits());
            let (rights, data) = (rights.into_inner(), cap_data(badge));
            buffer.inner_mut().seL4_CNode_Mint(
                root,
                index,
                depth,
                src_root,
                src_index,
                src.depth(),
                rights,
                data,
            )
        })
    }

    /// Moves `src` here.
    ///
    /// # Errors
    ///
    /// This slot is not empty, or the source is.
    pub fn move_(&self, src: &Self) -> Result<()> {
        self.invoke("CNode_Move", |buffer, root, index, depth| {
            let (src_root, src_index) = (src.root.bits(), src.path.bits());
            buffer.inner_mut().seL4_CNode_Move(root, index, depth, src_root, src_index, src.depth())
        })
    }

    /// Moves `src` here and gives it a guard: this kernel takes a CNode's capability only, and no badges.
    ///
    /// # Errors
    ///
    /// As [`move_`](Self::move_), or the source is of another kind.
    pub fn mutate(&self, src: &Self, badge: Word) -> Result<()> {
        self.invoke("CNode_Mutate", |buffer, root, index, depth| {
            let (src_root, src_index) = (src.root.bits(), src.path.bits());
            let data = cap_data(badge);
            buffer.inner_mut().seL4_CNode_Mutate(root, index, depth, src_root, src_index, src.depth(), data)
        })
    }
}

/// A CNode capability's guard: bits of an address that it skips, and which they must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CNodeCapData(Word);

impl CNodeCapData {
    /// Leaves the guard that the capability has, where a thread's CSpace is set.
    pub const KEEP: Self = Self(0);

    /// A guard of `guard_size` bits (at most 63) that must be `guard` (of which seL4 5.0.0 keeps 18 bits). No guard
    /// at all is the same as [`KEEP`](Self::KEEP).
    pub const fn new(guard: Word, guard_size: usize) -> Self {
        Self(generation::guard(guard, guard_size as Word))
    }

    /// Skips this many bits, which must be 0: for a CSpace of one CNode, a word's bits less the CNode's.
    pub const fn skip(num_bits: usize) -> Self {
        Self::new(0, num_bits)
    }

    /// As a badge for [`AbsoluteCPtr::mint`].
    pub const fn into_word(self) -> Word {
        self.0
    }

    /// As the kernel has it.
    pub(crate) const fn into_inner(self) -> CapData {
        cap_data(self.0)
    }
}
