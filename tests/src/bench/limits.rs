//! What is promised of each architecture.

/// The most that is allowed, in instructions where nothing else is said.
pub struct Limits {
    pub boot: u64,
    pub memory_kib: u64,
    pub image_kib: u64,
    pub hook: u64,
    pub event: u64,
    pub spawn: u64,
    pub rebuild: u64,
    pub replace: u64,
}

const X86_64: Limits = Limits {
    boot: 5_000_000,
    memory_kib: 4096,
    image_kib: 1024,
    hook: 3,
    event: 700,
    spawn: 400_000,
    rebuild: 500_000,
    replace: 5_000,
};

// The kernel clears memory word by word.
const AARCH64: Limits = Limits { boot: 7_200_000, ..X86_64 };
// The kernel's own part of an event is 200 instructions more than on x86_64.
const RISCV64: Limits = Limits { boot: 4_000_000, event: 740, ..X86_64 };

/// Those of a board.
pub fn of(board: &str) -> Limits {
    match board.split('/').next() {
        Some("aarch64") => AARCH64,
        Some("riscv64") => RISCV64,
        _ => X86_64,
    }
}
