//! Frames, address spaces and registers of aarch64.

use core::ops::Range;

use crate::{Cap, CapTypeForFrameObject, Result, VmAttributes, Word, sys};

crate::object::declare_frames! {
    granule SmallPage;
    /// 4 KiB.
    SmallPage: seL4_ARM_SmallPageObject, seL4_PageBits;
    /// 2 MiB.
    LargePage: seL4_ARM_LargePageObject, seL4_LargePageBits;
    /// 1 GiB.
    HugePage: seL4_ARM_HugePageObject, seL4_HugePageBits;
}

crate::vspace::declare_mappings! {
    "ARM", frames: SmallPage LargePage HugePage,
    map: seL4_ARM_Page_Map, remap: seL4_ARM_Page_Remap, unmap: seL4_ARM_Page_Unmap, address: seL4_ARM_Page_GetAddress,
    make_pool: seL4_ARM_ASIDControl_MakePool, assign: seL4_ARM_ASIDPool_Assign,
}

impl VmAttributes {
    /// Cached, executable: code.
    pub const DEFAULT: Self = Self(sys::seL4_ARM_Default_VMAttributes);
    /// Cached, not executable: data.
    pub const EXECUTE_NEVER: Self = Self(sys::seL4_ARM_Default_VMAttributes | sys::seL4_ARM_ExecuteNever);
    /// Neither cached nor reordered, not executable: devices.
    pub const UNCACHED: Self = Self(sys::seL4_ARM_ExecuteNever);
}

impl<T: CapTypeForFrameObject> Cap<T> {
    /// Makes what was written through a mapping of this capability visible to instruction fetches: cleans these bytes
    /// of the page to the point of unification and invalidates them in the instruction cache (Arm ARM, B2.4.4).
    ///
    /// # Errors
    ///
    /// The frame is not mapped by this capability, or the bytes are outside of it.
    pub fn frame_unify_instruction(self, bytes: Range<Word>) -> Result<()> {
        self.invoke("ARM_Page_Unify_Instruction", |buffer, frame| {
            buffer.inner_mut().seL4_ARM_Page_Unify_Instruction(frame, bytes.start, bytes.end)
        })
    }
}

crate::user_context::declare_registers! {
    // AAPCS64, 6.8.2.
    pc: pc, sp: sp, arguments: x0 x1 x2 x3 x4 x5 x6 x7, return_bytes: 0,
    all: pc sp spsr x0 x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 x12 x13 x14 x15 x16 x17 x18 x19 x20 x21 x22 x23 x24 x25 x26 x27
        x28 x29 x30,
}
