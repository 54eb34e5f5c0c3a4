use super::CPUS;

/// Map kinds, with Linux's numbers (`enum bpf_map_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MapKind {
    /// Values by keys of any form.
    Hash = 1,
    /// Values by index.
    Array = 2,
    /// Programs by index, for tail calls: the values are their numbers, 0 for none.
    ProgArray = 3,
    /// Samples from programs to the host: one ring for each CPU.
    PerfEventArray = 4,
    /// As `Hash`, with a value for each CPU.
    PercpuHash = 5,
    /// As `Array`, with a value for each CPU.
    PercpuArray = 6,
    /// As `Hash`; an insertion into a full map removes an entry that was not used for long.
    LruHash = 9,
    /// As `LruHash`, with a value for each CPU.
    LruPercpuHash = 10,
    /// Values by prefixes of keys: a search finds the longest.
    LpmTrie = 11,
    /// Network devices by index, which packets are redirected to.
    DevMap = 14,
    /// Processors by index, which packets are redirected to.
    CpuMap = 16,
    /// Sockets by index, which packets are redirected to.
    XskMap = 17,
    /// Network devices by keys of any form.
    DevMapHash = 25,
    /// Records from programs to the host, in order.
    RingBuf = 27,
}

/// How a kind lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Array,
    Hash,
    Ring,
}

impl MapKind {
    /// All kinds, by number.
    pub const ALL: &'static [Self] = &[
        Self::Hash,
        Self::Array,
        Self::ProgArray,
        Self::PerfEventArray,
        Self::PercpuHash,
        Self::PercpuArray,
        Self::LruHash,
        Self::LruPercpuHash,
        Self::LpmTrie,
        Self::DevMap,
        Self::CpuMap,
        Self::XskMap,
        Self::DevMapHash,
        Self::RingBuf,
    ];

    /// The kind with Linux's number.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as u32 == number)
    }

    /// bpftool's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Array => "array",
            Self::ProgArray => "prog_array",
            Self::PerfEventArray => "perf_event_array",
            Self::PercpuHash => "percpu_hash",
            Self::PercpuArray => "percpu_array",
            Self::LruHash => "lru_hash",
            Self::LruPercpuHash => "lru_percpu_hash",
            Self::LpmTrie => "lpm_trie",
            Self::DevMap => "devmap",
            Self::CpuMap => "cpumap",
            Self::XskMap => "xskmap",
            Self::DevMapHash => "devmap_hash",
            Self::RingBuf => "ringbuf",
        }
    }

    pub(super) const fn shape(self) -> Shape {
        match self {
            Self::Hash
            | Self::PercpuHash
            | Self::LruHash
            | Self::LruPercpuHash
            | Self::DevMapHash
            | Self::LpmTrie => Shape::Hash,
            Self::Array
            | Self::ProgArray
            | Self::PercpuArray
            | Self::DevMap
            | Self::CpuMap
            | Self::XskMap => Shape::Array,
            Self::PerfEventArray | Self::RingBuf => Shape::Ring,
        }
    }

    /// Whether its values say where packets may be redirected to: programs look them up and never write them.
    pub const fn redirects(self) -> bool {
        matches!(self, Self::DevMap | Self::CpuMap | Self::XskMap | Self::DevMapHash)
    }

    /// Whether the map changes wherever a program uses it: a look-up notes the use, or there is nothing but writing.
    pub const fn is_written_by_use(self) -> bool {
        self.is_lru() || matches!(self.shape(), Shape::Ring)
    }

    pub(super) const fn is_lru(self) -> bool {
        matches!(self, Self::LruHash | Self::LruPercpuHash)
    }

    /// Values that an entry has.
    pub(super) const fn values(self) -> usize {
        match self {
            Self::PercpuHash | Self::PercpuArray | Self::LruPercpuHash => CPUS as usize,
            _ => 1,
        }
    }
}
