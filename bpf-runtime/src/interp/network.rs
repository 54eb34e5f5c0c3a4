//! Packets: the memory of a network hook's program, and the helpers that read and change it as Linux's do
//! (`net/core/filter.c`).
use super::{Env, TrapReason, helpers::is_set, machine::Machine};
use crate::{
    errno::Errno,
    helper::number,
    hook::{Field, Holds, Hook, MAX_PACKET_BYTES},
    isa::{LOWEST_ADDRESS, Size},
    map::MapKind,
};

/// Where a program sees the start of the buffer: contexts hold addresses of packets in 32 bits, and an offset of any
/// size that the verifier lets arithmetic reach stays above 0.
pub(super) const WINDOW: u32 = 1 << 30;
const _: () = assert!(WINDOW as u64 >= LOWEST_ADDRESS);
/// No packet is made shorter: `ETH_HLEN`.
const ETHERNET_BYTES: usize = 14;
/// Offsets of legacy loads that count from the network header on, and from the link layer's, with which the packet begins
/// (`SKF_NET_OFF`, `SKF_LL_OFF`, `include/uapi/linux/filter.h`).
const NET_OFF: i32 = -0x10_0000;
const LL_OFF: i32 = -0x20_0000;
/// `struct bpf_fib_lookup`, its families, the flags of a look-up, and `BPF_FIB_LKUP_RET_NOT_FWDED`.
const FIB_LOOKUP_BYTES: u32 = 64;
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;
const FIB_LOOKUP_FLAGS: u32 = 0x3f;
const NOT_FORWARDED: u64 = 4;
/// Bytes of metadata at most: Linux's limit, as the number of 32-bit words fits its descriptors.
const MAX_META_BYTES: usize = 252;
/// `XDP_ABORTED` and `XDP_REDIRECT`.
const ABORTED: u64 = 0;
const REDIRECTED: u64 = 4;
/// The actions that `bpf_redirect_map` may be told to give, and its flags.
const ACTIONS: u64 = 3;
const BROADCAST: u64 = 1 << 3;
const EXCLUDE_INGRESS: u64 = 1 << 4;

/// A packet in a buffer that has room before and behind it.
#[derive(Debug)]
pub struct Packet<'p> {
    buffer: &'p mut [u8],
    at: Places,
}

/// Where in the buffer the metadata begin, the packet begins, and it ends.
#[derive(Clone, Copy, Debug)]
struct Places {
    meta: usize,
    data: usize,
    end: usize,
}

impl<'p> Packet<'p> {
    /// The packet of `len` bytes from `headroom` on; `None`: it does not lie in the buffer, is longer than
    /// [`MAX_PACKET_BYTES`], or the buffer is longer than 1 MiB.
    pub fn new(buffer: &'p mut [u8], headroom: usize, len: usize) -> Option<Self> {
        let end = headroom.checked_add(len)?;
        let fits = end <= buffer.len() && len <= MAX_PACKET_BYTES && buffer.len() <= 1 << 20;
        fits.then_some(Self { buffer, at: Places { meta: headroom, data: headroom, end } })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.at.data..self.at.end).unwrap_or_default()
    }

    /// The bytes of its metadata.
    pub fn metadata(&self) -> &[u8] {
        self.buffer.get(self.at.meta..self.at.data).unwrap_or_default()
    }
}

/// What a program of a network hook runs on.
pub(super) struct Network<'c> {
    fields: &'static [Field],
    buffer: &'c mut [u8],
    at: &'c mut Places,
}

impl<'c> Network<'c> {
    pub(super) fn new(hook: &Hook, packet: &'c mut Packet<'_>) -> Self {
        Self { fields: hook.context, buffer: packet.buffer, at: &mut packet.at }
    }

    /// Whether programs may write to any of the context.
    pub(super) fn has_scratch(&self) -> bool {
        self.fields.iter().any(|field| field.holds == Holds::Scratch)
    }

    /// What the program may reach, metadata included, and the address that it begins at.
    pub(super) fn window(&self) -> (u64, &[u8]) {
        (self.start(), self.buffer.get(self.at.meta..self.at.end).unwrap_or_default())
    }

    pub(super) fn window_mut(&mut self) -> (u64, &mut [u8]) {
        (self.start(), self.buffer.get_mut(self.at.meta..self.at.end).unwrap_or_default())
    }

    fn start(&self) -> u64 {
        u64::from(WINDOW) + self.at.meta as u64
    }

    /// Tells the program where the packet is, in its context.
    pub(super) fn show(&self, context: &mut [u8]) {
        for field in self.fields {
            let place = match field.holds {
                Holds::Packet => self.at.data,
                Holds::PacketEnd => self.at.end,
                Holds::PacketMeta => self.at.meta,
                Holds::Number | Holds::Scratch | Holds::Hidden => continue,
            };
            let at = field.offset as usize;
            if let Some(value) = context.get_mut(at..at + 4) {
                value.copy_from_slice(&(WINDOW + place as u32).to_le_bytes());
            }
        }
    }

    fn adjust_head(&mut self, by: i32) -> Result<(), Errno> {
        let Places { meta, data, end } = *self.at;
        let moved = |at: usize| at.checked_add_signed(by as isize).ok_or(Errno::EINVAL);
        let (to, new) = (moved(meta)?, moved(data)?);
        if new + ETHERNET_BYTES > end || end - new > MAX_PACKET_BYTES {
            return Err(Errno::EINVAL);
        }
        self.buffer.copy_within(meta..data, to);
        (self.at.meta, self.at.data) = (to, new);
        Ok(())
    }

    fn adjust_meta(&mut self, by: i32) -> Result<(), Errno> {
        let meta = self.at.meta.checked_add_signed(by as isize).ok_or(Errno::EINVAL)?;
        let bytes = self.at.data.checked_sub(meta).ok_or(Errno::EINVAL)?;
        if !bytes.is_multiple_of(4) || bytes > MAX_META_BYTES {
            return Err(Errno::EACCES);
        }
        self.at.meta = meta;
        Ok(())
    }

    fn adjust_tail(&mut self, by: i32) -> Result<(), Errno> {
        let Places { data, end, .. } = *self.at;
        let new = end.checked_add_signed(by as isize).filter(|new| *new <= self.buffer.len());
        let new = new.filter(|new| (data + ETHERNET_BYTES..=data + MAX_PACKET_BYTES).contains(new));
        let new = new.ok_or(Errno::EINVAL)?;
        if new > end {
            self.buffer[end..new].fill(0);
        }
        self.at.end = new;
        Ok(())
    }

    /// Where in the buffer the bytes of the packet lie that a helper names.
    fn range(&self, offset: u64, len: u64) -> Option<core::ops::Range<usize>> {
        let packet = self.at.end - self.at.data;
        let end = usize::try_from(offset.checked_add(len)?).ok().filter(|end| *end <= packet)?;
        Some(self.at.data + offset as usize..self.at.data + end)
    }
}

impl<E: Env + ?Sized> Machine<'_, '_, E> {
    /// The helpers of network hooks, with the arguments in r1 to r5.
    pub(super) fn call_network_helper(&mut self, helper: u32) -> Result<u64, TrapReason> {
        let [_, r1, r2, r3, r4, r5, ..] = self.regs;
        let network = self.context.network.as_mut().ok_or(TrapReason::NoFunction)?;
        let adjusted = match helper {
            number::XDP_ADJUST_HEAD => network.adjust_head(r2 as i32),
            number::XDP_ADJUST_META => network.adjust_meta(r2 as i32),
            number::XDP_ADJUST_TAIL => network.adjust_tail(r2 as i32),
            number::XDP_GET_BUFF_LEN => return Ok((network.at.end - network.at.data) as u64),
            number::SKB_LOAD_BYTES | number::XDP_LOAD_BYTES => return self.load_packet(r2 as u32, r3, r4),
            number::SKB_LOAD_BYTES_RELATIVE => {
                // BPF_HDR_START_MAC and BPF_HDR_START_NET: the packet begins with its Ethernet header.
                let start = match r5 as u32 {
                    0 => 0,
                    1 => ETHERNET_BYTES as u32,
                    _ => u32::MAX,
                };
                return self.load_packet((r2 as u32).saturating_add(start), r3, r4);
            }
            number::XDP_STORE_BYTES => return self.store_packet(r2 as u32, r3, r4),
            number::REDIRECT => return Ok(if r2 == 0 { REDIRECTED } else { ABORTED }),
            number::REDIRECT_MAP => return self.redirect_by(r1, r2, r3),
            number::CSUM_DIFF => return self.checksum_difference(),
            number::FIB_LOOKUP => return self.route(r2, r3, r4),
            _ => return Err(TrapReason::NoFunction),
        };
        self.context.show();
        Ok(adjusted.map_or_else(Errno::to_r0, |()| 0))
    }

    /// `bpf_redirect_map`: where nothing is set, the answer is in the lowest bits of the flags.
    fn redirect_by(&self, handle: u64, key: u64, flags: u64) -> Result<u64, TrapReason> {
        let (_, map) = self.map(handle)?;
        let to_devices = matches!(map.spec().kind, MapKind::DevMap | MapKind::DevMapHash);
        let known = ACTIONS | if to_devices { BROADCAST | EXCLUDE_INGRESS } else { 0 };
        if !map.spec().kind.redirects() {
            return Err(TrapReason::NoMap);
        }
        if flags & !known != 0 {
            return Ok(ABORTED);
        }
        let entry = map.lookup((&(key as u32).to_le_bytes()).into());
        let set = flags & BROADCAST != 0 || entry.is_some_and(|entry| is_set(map, entry));
        Ok(if set { REDIRECTED } else { flags & ACTIONS })
    }

    /// `bpf_fib_lookup` where no route is known: as Linux answers with an empty table (`net/core/filter.c`).
    fn route(&self, parameters: u64, bytes: u64, flags: u64) -> Result<u64, TrapReason> {
        self.bytes(parameters, bytes as u32 as usize)?;
        if (bytes as u32) < FIB_LOOKUP_BYTES || flags as u32 & !FIB_LOOKUP_FLAGS != 0 {
            return Ok(Errno::EINVAL.to_r0());
        }
        Ok(match self.load(parameters, 1)? {
            AF_INET | AF_INET6 => NOT_FORWARDED,
            _ => Errno::EAFNOSUPPORT.to_r0(),
        })
    }

    /// A legacy load, big-endian, into r0; `false`: the packet is too short, r0 is 0 and the function ends.
    pub(super) fn load_legacy(
        &mut self,
        size: Size,
        index: Option<u8>,
        off: i32,
    ) -> Result<bool, TrapReason> {
        let network = self.network().ok_or(TrapReason::Code)?;
        // In 32 bits, as `bpf_skb_load_helper_32` takes it.
        let offset = index.map_or(0, |register| self.reg(register) as i32).wrapping_add(off);
        let from = match offset {
            0.. => u32::try_from(offset).ok(),
            NET_OFF.. => (offset - NET_OFF).checked_add_unsigned(ETHERNET_BYTES as u32).map(|at| at as u32),
            _ => u32::try_from(offset - LL_OFF).ok(),
        };
        let range = from.and_then(|from| network.range(from.into(), size.bytes() as u64));
        let bytes = range.and_then(|range| network.buffer.get(range));
        let value = bytes.map(|bytes| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)));
        self.regs[0] = value.unwrap_or(0);
        Ok(value.is_some())
    }

    /// Copies from the packet to the program's memory, which is zeroed if the packet is too short.
    fn load_packet(&mut self, offset: u32, to: u64, len: u64) -> Result<u64, TrapReason> {
        let len = len & u64::from(u32::MAX);
        self.bytes(to, len as usize)?;
        let from = self.network().and_then(|network| network.range(offset.into(), len));
        for n in 0..len {
            let byte = |network: &Network<'_>| network.buffer.get(from.clone()?.start + n as usize).copied();
            let byte = self.network().and_then(byte).unwrap_or(0);
            self.store(to.wrapping_add(n), 1, byte.into())?;
        }
        Ok(if from.is_some() { 0 } else { Errno::EFAULT.to_r0() })
    }

    fn store_packet(&mut self, offset: u32, from: u64, len: u64) -> Result<u64, TrapReason> {
        let len = len & u64::from(u32::MAX);
        self.bytes(from, len as usize)?;
        let Some(to) = self.network().and_then(|network| network.range(offset.into(), len)) else {
            return Ok(Errno::EINVAL.to_r0());
        };
        for (n, at) in to.enumerate() {
            let byte = self.load(from.wrapping_add(n as u64), 1)? as u8;
            if let Some(network) = &mut self.context.network
                && let Some(place) = network.buffer.get_mut(at)
            {
                *place = byte;
            }
        }
        Ok(0)
    }

    /// The addresses of the metadata, the packet and its end.
    #[cfg(any(test, feature = "oracle"))]
    pub(super) fn places(&self) -> [u64; 3] {
        let places = self.network().map(|network| [network.at.meta, network.at.data, network.at.end]);
        places.map_or([0; 3], |places| places.map(|at| u64::from(WINDOW) + at as u64))
    }

    fn network(&self) -> Option<&Network<'_>> {
        self.context.network.as_ref()
    }

    /// `bpf_csum_diff`: the Internet checksum (RFC 1071) without what is at r1, with what is at r3, from a seed on.
    fn checksum_difference(&self) -> Result<u64, TrapReason> {
        let [_, from, from_len, to, to_len, seed, ..] = self.regs;
        if (from_len | to_len) & 3 != 0 {
            return Ok(Errno::EINVAL.to_r0());
        }
        let mut sum = seed & u64::from(u32::MAX);
        for (memory, len, flip) in [(from, from_len, u32::MAX), (to, to_len, 0)] {
            // A part of no bytes may be null.
            let words = (0..len).step_by(4).map(|at| self.load(memory.wrapping_add(at), 4));
            for word in words {
                // Fewer words than 2^32: no sum of them overflows.
                sum += u64::from(word? as u32 ^ flip);
            }
        }
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        Ok(sum)
    }
}
