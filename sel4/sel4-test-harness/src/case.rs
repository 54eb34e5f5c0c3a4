//! A test and what is expected of it.

use core::fmt::Display;

use crate::{Env, report, thread};

/// A test, as the attribute writes it.
#[derive(Debug)]
pub struct TestCase {
    /// Module path and function.
    pub name: &'static str,
    /// Runs it; returns whether it ended well.
    pub run: fn(&mut Env) -> bool,
    /// How it is to end.
    pub expect: Expect,
    /// How long it may take, in milliseconds.
    pub budget_ms: u32,
}

/// How a test is to end.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// It returns, and leaves nothing behind.
    Return,
    /// It returns an error with this text in it.
    Error(&'static str),
    /// It panics with this text in the message.
    Panic(&'static str),
    /// It faults; the fault's name, if not empty.
    Fault(&'static str),
    /// It does not end.
    Hang,
    /// It returns, and leaves something behind: a test of the harness itself.
    Leak,
}

/// What a test may return.
pub trait TestResult {
    /// Whether it ended well; keeps the reason if not.
    fn finish(self) -> bool;
}

impl TestResult for () {
    fn finish(self) -> bool {
        true
    }
}

impl<E: Display> TestResult for Result<(), E> {
    fn finish(self) -> bool {
        if let Err(error) = &self {
            report::keep(format_args!("{error}"));
        }
        self.is_ok()
    }
}

unsafe extern "C" {
    // The linker defines these for a section whose name is an identifier.
    safe static __start_sel4_tests: [*const (); 0];
    safe static __stop_sel4_tests: [*const (); 0];
}

/// All tests, in the linker's order.
pub fn all() -> &'static [&'static TestCase] {
    let (start, end) = (&raw const __start_sel4_tests, &raw const __stop_sel4_tests);
    let count = (end.addr() - start.addr()) / size_of::<&TestCase>();
    // SAFETY: between the two symbols lies what the attribute put into the section: references, and nothing else.
    unsafe { core::slice::from_raw_parts(start.cast(), count) }
}

/// The test that comes after this name in the alphabet. A run of n tests searches n times: no memory is needed.
pub fn next_after(name: &str) -> Option<&'static TestCase> {
    all().iter().copied().filter(|case| case.name > name).min_by_key(|case| case.name)
}

/// Judges how a test ended. The reason is of interest if it was wrong.
pub fn judge(expect: Expect, outcome: &thread::Outcome, leaks: usize) -> Result<(), &'static str> {
    use thread::Outcome::{Faulted, Hung, Panicked, Returned};
    match (expect, outcome) {
        (Expect::Return | Expect::Error(_), Returned(_)) if leaks > 0 => {
            Err("it left slots that are not empty")
        }
        (Expect::Return, Returned(true)) | (Expect::Hang, Hung) => Ok(()),
        (Expect::Error(text), Returned(false)) | (Expect::Panic(text), Panicked) => {
            if report::kept(|kept| kept.contains(text)) { Ok(()) } else { Err("another text was expected") }
        }
        (Expect::Fault(name), Faulted(fault)) if name.is_empty() || name == fault.name() => Ok(()),
        (Expect::Leak, Returned(true)) if leaks > 0 => Ok(()),
        (Expect::Leak, Returned(true)) => Err("a leak was expected"),
        (Expect::Return | Expect::Leak, Returned(false)) => Err("it returned an error"),
        (Expect::Error(_), _) => Err("an error was expected"),
        (Expect::Panic(_), _) => Err("a panic was expected"),
        (Expect::Fault(_), _) => Err("another end was expected: a fault"),
        (Expect::Hang, _) => Err("it was expected to hang"),
        (_, Panicked) => Err("it panicked"),
        (_, Faulted(_)) => Err("it faulted"),
        (_, Hung) => Err("it ran out of its budget of time"),
    }
}

#[cfg(test)]
mod tests {
    use sel4::{Fault, MessageInfo};

    use super::*;
    use crate::thread::Outcome::{Faulted, Hung, Panicked, Returned};

    #[test]
    fn only_what_was_expected_passes() {
        report::keep(format_args!("TCB_Resume: InvalidCapability"));
        let fault = || Fault::from_words(&[1, 2, 0, 6], &MessageInfo::new(5, 0, 0, 4)).expect("a VM fault");
        let outcomes = [Returned(true), Returned(false), Panicked, Faulted(fault()), Hung];
        for (expect, right) in [
            (Expect::Return, Some(0)),
            (Expect::Error("Resume: Invalid"), Some(1)),
            (Expect::Error("Suspend"), None),
            (Expect::Panic(""), Some(2)),
            (Expect::Panic("other"), None),
            (Expect::Fault("VmFault"), Some(3)),
            (Expect::Fault(""), Some(3)),
            (Expect::Fault("CapFault"), None),
            (Expect::Hang, Some(4)),
            (Expect::Leak, None),
        ] {
            for (index, outcome) in outcomes.iter().enumerate() {
                let passed = judge(expect, outcome, 0).is_ok();
                assert_eq!(passed, right == Some(index), "{expect:?}: {outcome:?}");
            }
        }
        // What returns must not leave anything behind; what could not clean up may.
        assert!(judge(Expect::Return, &Returned(true), 1).is_err());
        assert!(judge(Expect::Error(""), &Returned(false), 1).is_err());
        assert!(judge(Expect::Leak, &Returned(true), 1).is_ok());
        assert!(judge(Expect::Leak, &Panicked, 1).is_err());
        assert!(judge(Expect::Panic(""), &Panicked, 1).is_ok());
    }
}
