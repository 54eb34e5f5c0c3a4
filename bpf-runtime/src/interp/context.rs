//! The memory that r1 points to.
use super::network::{Network, Packet};
use crate::hook::Hook;

/// It, and the packet of a network hook's program.
pub(super) struct Context<'c> {
    pub(super) memory: Memory<'c>,
    pub(super) network: Option<Network<'c>>,
}

/// All kinds hold their bytes in the same place, so that a read needs not ask which it is.
pub(super) enum Memory<'c> {
    ReadOnly(&'c [u8]),
    Writable(&'c mut [u8]),
    /// It says where the packet is; some hooks have programs write to it.
    Shown(&'c mut [u8]),
}

impl<'c> Context<'c> {
    pub(super) const fn read_only(bytes: &'c [u8]) -> Self {
        Self { memory: Memory::ReadOnly(bytes), network: None }
    }

    pub(super) const fn writable(bytes: &'c mut [u8]) -> Self {
        Self { memory: Memory::Writable(bytes), network: None }
    }

    pub(super) fn network(hook: &Hook, bytes: &'c mut [u8], packet: &'c mut Packet<'_>) -> Self {
        let network = Network::new(hook, packet);
        network.show(bytes);
        Self { memory: Memory::Shown(bytes), network: Some(network) }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::ReadOnly(bytes) => bytes,
            Memory::Writable(bytes) | Memory::Shown(bytes) => bytes,
        }
    }

    /// What the program may write to.
    pub(super) fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.memory {
            Memory::ReadOnly(_) => None,
            Memory::Writable(bytes) => Some(bytes),
            Memory::Shown(bytes) => self.network.as_ref()?.has_scratch().then_some(bytes),
        }
    }

    /// Tells the program where the packet is by now.
    pub(super) fn show(&mut self) {
        if let (Memory::Shown(bytes), Some(network)) = (&mut self.memory, &self.network) {
            network.show(bytes);
        }
    }
}
