//! What a message says about itself.

use core::fmt;

use crate::Word;
use crate::sys::seL4_MessageInfo;

/// A message's label and sizes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MessageInfo(seL4_MessageInfo);

impl MessageInfo {
    /// A message: its label (20 bits with this kernel, more are cut), which of the capabilities were unwrapped
    /// (the kernel's to say), how many capabilities go along (3 at most), how many words it has (120 at most).
    #[inline(always)]
    pub const fn new(label: Word, caps_unwrapped: usize, extra_caps: usize, length: usize) -> Self {
        Self(seL4_MessageInfo::new(label, caps_unwrapped as Word, extra_caps as Word, length as Word))
    }

    /// From the kernel's form.
    #[inline(always)]
    pub const fn from_inner(inner: seL4_MessageInfo) -> Self {
        Self(inner)
    }

    /// In the kernel's form.
    #[inline(always)]
    pub const fn into_inner(self) -> seL4_MessageInfo {
        self.0
    }

    /// The label.
    #[inline(always)]
    pub const fn label(&self) -> Word {
        self.0.get_label()
    }

    /// Bit n: the n-th capability was one of the endpoint that was received from, and its badge came instead.
    pub const fn caps_unwrapped(&self) -> usize {
        self.0.get_capsUnwrapped() as usize
    }

    /// How many capabilities.
    pub const fn extra_caps(&self) -> usize {
        self.0.get_extraCaps() as usize
    }

    /// How many words. A sender's claim that the kernel has cut to what it delivered.
    #[inline(always)]
    pub const fn length(&self) -> usize {
        self.0.get_length() as usize
    }
}

impl fmt::Debug for MessageInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageInfo")
            .field("label", &self.label())
            .field("caps_unwrapped", &self.caps_unwrapped())
            .field("extra_caps", &self.extra_caps())
            .field("length", &self.length())
            .finish()
    }
}

/// A message info, field by field; all of them 0 at first.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct MessageInfoBuilder {
    label: Word,
    extra_caps: usize,
    length: usize,
}

impl MessageInfoBuilder {
    /// Sets the label.
    #[must_use]
    pub const fn label(mut self, label: Word) -> Self {
        self.label = label;
        self
    }

    /// Sets how many capabilities go along.
    #[must_use]
    pub const fn extra_caps(mut self, extra_caps: usize) -> Self {
        self.extra_caps = extra_caps;
        self
    }

    /// Sets how many words the message has.
    #[must_use]
    pub const fn length(mut self, length: usize) -> Self {
        self.length = length;
        self
    }

    /// The message info.
    pub const fn build(self) -> MessageInfo {
        MessageInfo::new(self.label, 0, self.extra_caps, self.length)
    }
}
