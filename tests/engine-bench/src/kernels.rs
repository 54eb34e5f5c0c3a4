//! What is measured: the same work as eBPF and as native code. r1 points to the kernel's memory; r0 is the answer.
//! The instructions are those that all engines have in common (no 32-bit jumps, no cpu v4).

/// Bytes of memory that each kernel may use.
pub const MEMORY: usize = 64 << 10;
const CALLS: u64 = 1_000_000;
const TURNS: u64 = 100_000;
const NUMBERS: usize = 256;

/// One kernel.
pub struct Kernel {
    pub name: &'static str,
    /// eBPF, in the assembler's text.
    pub text: String,
    /// The same in Rust; only [`PACKET`] uses the map.
    pub native: fn(&mut [u8], &mut Lookup) -> u64,
}

/// Looks up a key of 4 bytes; the value is to be counted up.
pub type Lookup = dyn FnMut(u32) -> Option<u64>;

/// The kernel that calls a helper.
pub const PACKET: &str = "packet + map";
/// An IPv4 address, as the packet holds it.
pub const KNOWN: u32 = 0x0100_000a;

pub fn all() -> Vec<Kernel> {
    let kernel = |name, text: String, native| Kernel { name, text, native };
    vec![
        kernel(
            "ALU loop",
            ALU.replace("TURNS", &TURNS.to_string()),
            alu as fn(&mut [u8], &mut Lookup) -> u64,
        ),
        kernel("fletcher 64 KiB", FLETCHER.replace("WORDS", &(MEMORY / 2).to_string()), fletcher),
        kernel("insertion sort", SORT.replace("BYTES", &(NUMBERS * 4).to_string()), sort),
        kernel("sieve", SIEVE.replace("LIMIT", &MEMORY.to_string()), sieve),
        kernel("local calls", LOCAL_CALLS.replace("CALLS", &CALLS.to_string()), local_calls),
        kernel(PACKET, PACKET_TEXT.to_owned(), packet),
    ]
}

/// The memory that each run begins with: bytes without a pattern, and a UDP packet in front if it is parsed.
pub fn memory(kernel: &Kernel) -> Vec<u8> {
    let mut x = 1_u32;
    let mut bytes: Vec<u8> = (0..MEMORY)
        .map(|_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 24) as u8
        })
        .collect();
    if kernel.name == PACKET {
        bytes[12..15].copy_from_slice(&[8, 0, 0x45]);
        bytes[16..18].copy_from_slice(&[0, 86]);
        bytes[23] = 17;
        bytes[30..34].copy_from_slice(&KNOWN.to_le_bytes());
        bytes[36..38].copy_from_slice(&53_u16.to_be_bytes());
    }
    bytes
}

const ALU: &str = "
    r0 = 1
    r2 = 0
    r3 = 0x9e3779b97f4a7c15 ll
loop:
    r0 += r2
    r4 = r0
    r4 <<= 13
    r0 ^= r4
    r4 = r0
    r4 >>= 7
    r0 ^= r4
    r0 *= r3
    r2 += 1
    if r2 < TURNS goto loop
    exit";

fn alu(_: &mut [u8], _: &mut Lookup) -> u64 {
    let mut x = 1_u64;
    for i in 0..std::hint::black_box(TURNS) {
        x = x.wrapping_add(i);
        x ^= x << 13;
        x ^= x >> 7;
        x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    x
}

const FLETCHER: &str = "
    r0 = 0
    r2 = 0
    r3 = WORDS
loop:
    r4 = *(u16 *)(r1 + 0)
    r2 += r4
    r0 += r2
    r1 += 2
    r3 -= 1
    if r3 != 0 goto loop
    r2 %= 65535
    r0 %= 65535
    r0 <<= 16
    r0 |= r2
    exit";

fn fletcher(memory: &mut [u8], _: &mut Lookup) -> u64 {
    let (mut low, mut high) = (0_u64, 0_u64);
    for word in memory.as_chunks::<2>().0 {
        low += u64::from(u16::from_le_bytes(*word));
        high += low;
    }
    ((high % 65535) << 16) | (low % 65535)
}

const SORT: &str = "
    r2 = 4                      ; bytes that are in order
outer:
    r3 = r1
    r3 += r2                    ; where the next number goes
    r4 = *(u32 *)(r3 + 0)
    r5 = r2
inner:
    r6 = *(u32 *)(r3 - 4)
    if r6 <= r4 goto found
    *(u32 *)(r3 + 0) = r6
    r3 += -4
    r5 += -4
    if r5 != 0 goto inner
found:
    *(u32 *)(r3 + 0) = r4
    r2 += 4
    if r2 != BYTES goto outer
    r0 = *(u32 *)(r1 + 512)
    exit";

fn sort(memory: &mut [u8], _: &mut Lookup) -> u64 {
    let words = &mut memory.as_chunks_mut::<4>().0[..NUMBERS];
    for i in 1..words.len() {
        let number = u32::from_le_bytes(words[i]);
        let mut to = i;
        while to > 0 && u32::from_le_bytes(words[to - 1]) > number {
            words[to] = words[to - 1];
            to -= 1;
        }
        words[to] = number.to_le_bytes();
    }
    u32::from_le_bytes(words[128]).into()
}

const SIEVE: &str = "
    r2 = 0
clear:
    r3 = r1
    r3 += r2
    *(u64 *)(r3 + 0) = 0
    r2 += 8
    if r2 < LIMIT goto clear
    r0 = 0
    r2 = 2
next:
    r3 = r1
    r3 += r2
    r4 = *(u8 *)(r3 + 0)
    if r4 != 0 goto composite
    r0 += 1
    r5 = r2
    r5 *= r2
mark:
    if r5 >= LIMIT goto composite
    r3 = r1
    r3 += r5
    *(u8 *)(r3 + 0) = 1
    r5 += r2
    goto mark
composite:
    r2 += 1
    if r2 < LIMIT goto next
    exit";

fn sieve(memory: &mut [u8], _: &mut Lookup) -> u64 {
    memory.fill(0);
    let mut primes = 0;
    for n in 2..memory.len() {
        if memory[n] == 0 {
            primes += 1;
            for multiple in (n * n..memory.len()).step_by(n) {
                memory[multiple] = 1;
            }
        }
    }
    primes
}

const LOCAL_CALLS: &str = "
    r6 = 0
    r0 = 0
loop:
    r1 = r0
    r2 = r6
    call function_add
    r6 += 1
    if r6 < CALLS goto loop
    exit
function_add:
    r0 = r1
    r0 += r2
    exit";

#[inline(never)]
fn add(a: u64, b: u64) -> u64 {
    std::hint::black_box(a).wrapping_add(b)
}

fn local_calls(_: &mut [u8], _: &mut Lookup) -> u64 {
    (0..CALLS).fold(0, add)
}

/// Counts UDP packets to port 53 by destination, without a byte's check more than the engines make themselves.
const PACKET_TEXT: &str = "
    r0 = 0
    r2 = *(u16 *)(r1 + 12)
    if r2 != 8 goto out         ; IPv4
    r2 = *(u8 *)(r1 + 14)
    r3 = r2
    r3 >>= 4
    if r3 != 4 goto out
    r2 &= 15
    r2 <<= 2
    if r2 < 20 goto out
    r3 = *(u8 *)(r1 + 23)
    if r3 != 17 goto out        ; UDP
    r4 = r1
    r4 += r2
    r3 = *(u16 *)(r4 + 16)
    if r3 != 0x3500 goto out    ; port 53
    r6 = *(u16 *)(r1 + 16)
    r2 = *(u32 *)(r1 + 30)
    *(u32 *)(r10 - 4) = r2
    r1 = map[0] ll
    r2 = r10
    r2 += -4
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
    r2 = *(u64 *)(r0 + 8)
    r2 += r6
    *(u64 *)(r0 + 8) = r2
    r0 = 2
out:
    exit";

fn packet(memory: &mut [u8], lookup: &mut Lookup) -> u64 {
    let header = 4 * usize::from(memory[14] & 15);
    let udp = memory[12..14] == [8, 0] && memory[14] >> 4 == 4 && header >= 20 && memory[23] == 17;
    if !udp || memory[16 + header..18 + header] != [0, 53] {
        return 0;
    }
    let to = u32::from_le_bytes([memory[30], memory[31], memory[32], memory[33]]);
    lookup(to).map_or(0, |_| 2)
}
