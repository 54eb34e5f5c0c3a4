//! What a run prints.

use core::cell::UnsafeCell;
use core::fmt::{self, Arguments, Write};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The bytes around a verdict.
const START: char = '\x02';
const END: char = '\x03';

static WRITE: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Says where text goes.
pub fn set(write: fn(&str)) {
    WRITE.store(write as *mut (), Ordering::Relaxed);
}

fn write(text: &str) {
    let hook = WRITE.load(Ordering::Relaxed);
    if !hook.is_null() {
        // SAFETY: only `set` stores here, and what it stores is such a function.
        let hook: fn(&str) = unsafe { core::mem::transmute(hook) };
        hook(text);
    }
}

/// Prints text of the program, without the bytes that mark a verdict.
pub fn print(text: &str) {
    let mut pieces = text.split([START, END]);
    pieces.next().into_iter().for_each(write);
    for piece in pieces {
        write("?");
        write(piece);
    }
}

struct Printer;

impl Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text);
        Ok(())
    }
}

/// Prints a line of the program: what [`println!`](crate::println) calls.
pub fn line(text: Arguments) {
    let _ = writeln!(Printer, "{text}");
}

/// Prints a verdict, in one line.
pub fn frame(text: Arguments) {
    struct OneLine;
    impl Write for OneLine {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let mut pieces = text.split('\n');
            pieces.next().into_iter().for_each(print);
            for piece in pieces {
                print(" ");
                print(piece);
            }
            Ok(())
        }
    }
    write("\x02");
    let _ = OneLine.write_fmt(text);
    write("\x03\n");
}

/// The text of the last panic or error, cut to what fits. Written by the test's thread, read by the supervisor
/// once that thread has stopped.
struct Kept {
    bytes: UnsafeCell<[u8; 256]>,
    length: AtomicUsize,
}

// SAFETY: one thread runs at a time, and each use ends before it gives way to another.
unsafe impl Sync for Kept {}

static KEPT: Kept = Kept { bytes: UnsafeCell::new([0; 256]), length: AtomicUsize::new(0) };

/// Forgets the text.
pub fn forget() {
    KEPT.length.store(0, Ordering::Relaxed);
}

/// Works on the text.
pub fn kept<T>(work: impl FnOnce(&str) -> T) -> T {
    let length = KEPT.length.load(Ordering::Relaxed);
    // SAFETY: see `Kept`.
    let bytes = unsafe { &*KEPT.bytes.get() };
    let text = bytes.get(..length).unwrap_or_default();
    work(match str::from_utf8(text) {
        Ok(text) => text,
        // Cut amid a character.
        Err(error) => str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
    })
}

fn append(text: &str) {
    let length = KEPT.length.load(Ordering::Relaxed);
    // SAFETY: see `Kept`.
    let free = unsafe { &mut *KEPT.bytes.get() }.get_mut(length..).unwrap_or_default();
    let count = text.len().min(free.len());
    free[..count].copy_from_slice(&text.as_bytes()[..count]);
    KEPT.length.store(length + count, Ordering::Relaxed);
}

/// Keeps an error's text.
pub fn keep(text: Arguments) {
    struct Keeper;
    impl Write for Keeper {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            append(text);
            Ok(())
        }
    }
    let _ = Keeper.write_fmt(text);
}

/// Prints text and keeps it: where panics go.
pub fn print_and_keep(text: &str) {
    print(text);
    append(text);
}
