//! Maps: any description is taken or refused, and a map does what a model of its kind does.
use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::AtomicU64,
};

use bpf_runtime::{
    errno::Errno,
    map::{ANY, EXIST, Map, MapKind, MapSpec, NOEXIST, Ring},
};
use shm::Shm;

/// Larger maps are described only.
const MOST_BYTES: usize = 1 << 18;
/// Bytes of a description: five words.
const SPEC_BYTES: usize = 20;

/// A description of a map, then what is done to it, four bytes each.
///
/// # Panics
/// It does not.
pub fn map(bytes: &[u8]) -> bool {
    let Some((head, operations)) = bytes.split_at_checked(SPEC_BYTES) else { return false };
    let word = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
    let Some(kind) = MapKind::from_number(word(0)) else { return false };
    let (key_size, value_size, max_entries, flags) = (word(4), word(8), word(12), word(16));
    let spec = MapSpec { kind, key_size, value_size, max_entries, flags };
    if let Err(refused) = spec.check() {
        assert!(!refused.to_string().is_empty());
        return false;
    }
    if spec.memory_bytes() > MOST_BYTES {
        return false;
    }
    let words: Vec<_> = (0..spec.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(0)).collect();
    let memory = Shm::from_words(&words);
    let created = Map::create(memory, &spec).expect("it was checked");
    let map = Map::open(memory).expect("it was created");
    assert_eq!(map.spec(), &spec);
    let (sound, damage) = operations.split_at(operations.len() * 3 / 4 / 4 * 4);
    match created.ring() {
        Some(ring) => Records { ring, size: ring.query(1), waiting: VecDeque::new() }.run(sound),
        None => Entries { map, entries: BTreeMap::new() }.run(sound),
    }
    survive(&map, memory, damage);
    true
}

/// A map of entries, and what it has to hold.
struct Entries<'a> {
    map: Map<'a>,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Entries<'_> {
    fn run(&mut self, operations: &[u8]) {
        for operation in operations.as_chunks::<4>().0 {
            self.step(*operation);
        }
        let mut found = BTreeMap::new();
        let (mut key, mut value) = self.empty();
        let mut cursor = 0;
        while let Some(next) = self.map.next(cursor, &mut key, &mut value) {
            assert!(next > cursor, "a dump goes on");
            cursor = next;
            assert_eq!(found.insert(key.clone(), value.clone()), None, "a key is there once");
        }
        if !self.forgets() {
            let missing = |(key, value): (&Vec<u8>, &Vec<u8>)| found.get(key) != Some(value);
            assert!(!self.entries.iter().any(missing), "an entry is not in the dump");
        }
        assert_eq!(found.len(), self.map.entries() as usize);
        assert!(found.len() <= self.map.spec().max_entries as usize);
    }

    fn empty(&self) -> (Vec<u8>, Vec<u8>) {
        let spec = self.map.spec();
        (vec![0; spec.key_size as usize], vec![0; spec.value_size as usize])
    }

    fn is_array(&self) -> bool {
        use MapKind::{Array, CpuMap, DevMap, PercpuArray, ProgArray, XskMap};
        matches!(self.map.spec().kind, Array | PercpuArray | ProgArray | DevMap | CpuMap | XskMap)
    }

    fn is_trie(&self) -> bool {
        self.map.spec().kind == MapKind::LpmTrie
    }

    /// The key that an entry has; of a trie, without the bits that do not count. `None`: it counts more than it has.
    fn stored(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut stored = key.to_vec();
        if self.is_trie() {
            let (bits, all) = (bits(key), 8 * (key.len() - 4));
            for bit in bits..all {
                stored[4 + bit / 8] &= !(0x80 >> (bit % 8));
            }
            return (bits <= all).then_some(stored);
        }
        Some(stored)
    }

    /// The value that a key finds: in a trie that of the longest entry which the key begins with.
    fn found(&self, key: &[u8]) -> Option<&Vec<u8>> {
        let key = self.stored(key)?;
        if !self.is_trie() {
            return self.entries.get(&key);
        }
        let bit = |key: &[u8], at: usize| key[4 + at / 8] >> (7 - at % 8) & 1;
        let begins = |entry: &[u8]| {
            bits(entry) <= bits(&key) && (0..bits(entry)).all(|at| bit(entry, at) == bit(&key, at))
        };
        let entries = self.entries.iter().filter(|(entry, _)| begins(entry));
        entries.max_by_key(|(entry, _)| bits(entry)).map(|(_, value)| value)
    }

    /// Whether entries go by themselves.
    fn forgets(&self) -> bool {
        matches!(self.map.spec().kind, MapKind::LruHash | MapKind::LruPercpuHash)
    }

    fn step(&mut self, [what, index, seed, flags]: [u8; 4]) {
        let (mut key, mut value) = self.empty();
        if self.is_trie() {
            prefix(&mut key, index, flags >> 2);
        } else {
            key[0] = index;
        }
        value.fill(seed);
        match what % 3 {
            0 => {
                let flags = [ANY, NOEXIST, EXIST, 3][usize::from(flags) % 4];
                let done = self.map.update(key.as_slice().into(), value.as_slice().into(), flags);
                self.updated(&key, &value, flags, done);
            }
            1 => {
                let done = self.map.delete(key.as_slice().into());
                let Some(key) = self.stored(&key) else { return assert_eq!(done, Err(Errno::EINVAL)) };
                let had = if self.is_array() { None } else { self.entries.remove(&key) };
                match had {
                    None if self.is_array() => assert_eq!(done, Err(Errno::EINVAL)),
                    Some(_) => assert!(done == Ok(()) || self.forgets(), "{done:?}"),
                    None => assert_eq!(done, Err(Errno::ENOENT)),
                }
            }
            _ => self.looked_up(&key),
        }
    }

    fn updated(&mut self, key: &[u8], value: &[u8], flags: u64, done: Result<(), Errno>) {
        let spec = *self.map.spec();
        let Some(stored) = self.stored(key) else { return assert_eq!(done, Err(Errno::EINVAL)) };
        let is_there = self.entries.contains_key(&stored);
        let room = self.entries.len() < spec.max_entries as usize;
        let expected = match flags {
            ANY | NOEXIST | EXIST if self.is_array() && u32::from(key[0]) >= spec.max_entries => {
                Err(Errno::E2BIG)
            }
            NOEXIST if self.is_array() || is_there => Err(Errno::EEXIST),
            EXIST if !self.is_array() && !is_there => Err(Errno::ENOENT),
            ANY | NOEXIST if !self.is_array() && !is_there && !room => Err(Errno::E2BIG),
            ANY | NOEXIST | EXIST => Ok(()),
            _ => Err(Errno::EINVAL),
        };
        // What was forgotten, or made room, is not known to the model.
        assert!(
            done == expected || self.forgets(),
            "{spec:?}: update {key:?}, flags {flags}: {done:?} in place of {expected:?}"
        );
        if done.is_ok() {
            self.entries.insert(stored, value.into());
            assert!(self.map.lookup(key.into()).is_some(), "what was put in is there");
        }
    }

    fn looked_up(&mut self, key: &[u8]) {
        let entry = self.map.lookup(key.into());
        let mut held = vec![0; self.map.spec().value_size as usize];
        if let Some(entry) = entry {
            let value = self.map.value(entry).expect("an entry has a value");
            value.read(0, &mut held).expect("it is as long as it is");
        }
        match (entry, self.found(key)) {
            (Some(_), Some(value)) => assert_eq!(&held, value),
            (Some(_), None) => assert!(self.is_array() && held.iter().all(|byte| *byte == 0)),
            (None, Some(_)) => assert!(self.forgets()),
            (None, None) => assert!(!self.is_array() || u32::from(key[0]) >= self.map.spec().max_entries),
        }
    }
}

/// The bits of a trie's key that count.
fn bits(key: &[u8]) -> usize {
    u32::from_le_bytes([key[0], key[1], key[2], key[3]]) as usize
}

/// Makes a trie's key: so many bits, one too many at most, of one of four patterns that begin alike.
fn prefix(key: &mut [u8], length: u8, pattern: u8) {
    let (count, data) = key.split_at_mut(4);
    let most = 8 * data.len() as u32 + 1;
    count.copy_from_slice(&(u32::from(length) % (most + 1)).to_le_bytes());
    data.fill([0xff, 0xf0, 0xf7, 0x0f][usize::from(pattern) % 4]);
}

/// A ring, and the records that wait in it.
struct Records<'a> {
    ring: Ring<'a>,
    size: u64,
    waiting: VecDeque<Vec<u8>>,
}

impl Records<'_> {
    fn run(&mut self, operations: &[u8]) {
        let mut got = vec![0; self.size as usize];
        for [what, length, seed, more] in operations.as_chunks::<4>().0 {
            if what % 2 == 0 {
                let record = vec![*seed; usize::from(*length) + usize::from(*more) % 4 * 250];
                match self.ring.output(record.as_slice().into()) {
                    Ok(()) => self.waiting.push_back(record),
                    Err(Errno::E2BIG) => assert!(record.len() as u64 + 8 > self.size / 2),
                    // A record that fits may need the rest of the area and its own place.
                    Err(e) => assert!(e == Errno::EAGAIN && !self.waiting.is_empty(), "{e:?}"),
                }
            } else {
                let taken = self.ring.consume(&mut got).map(|length| got[..length].to_vec());
                assert_eq!(taken, self.waiting.pop_front());
            }
        }
    }
}

/// A map whose memory another domain damages answers wrong, and goes on.
fn survive(map: &Map<'_>, memory: Shm<'_>, damage: &[u8]) {
    let (mut key, mut value) =
        (vec![0; map.spec().key_size as usize], vec![7; map.spec().value_size as usize]);
    for [high, low, to, what] in damage.as_chunks::<4>().0 {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % memory.len();
        memory.store(at, 1, u64::from(*to)).expect("it is inside");
        if let Some(first) = key.first_mut() {
            *first = *what;
        }
        let _ = map.update(key.as_slice().into(), value.as_slice().into(), ANY);
        let _ = map.lookup(key.as_slice().into());
        let _ = map.delete(key.as_slice().into());
        let _ = map.next(u32::from(*low), &mut key, &mut value);
        let _ = map.recover(*what);
        if let Some(ring) = map.ring() {
            let _ = ring.output([1; 9].as_slice().into());
            let _ = ring.consume(&mut [0; 16]);
        }
        let _ = Map::open(memory);
    }
}
