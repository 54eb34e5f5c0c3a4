//! The events that a program can be attached to, as data.
use core::ops::RangeInclusive;

/// One value in a hook's context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the C struct's member.
    pub name: &'static str,
    /// Bytes from the start of the context.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

/// An event, and what a program is given and may answer there.
#[derive(Debug, PartialEq, Eq)]
pub struct Hook {
    /// The name, as given to `prog attach`.
    pub name: &'static str,
    /// The number that travels in messages.
    pub number: u32,
    /// The ELF section that names it; anything after a `/` is a comment.
    pub section: &'static str,
    /// The fields of the context, which programs read and never write, in order and without gaps.
    pub context: &'static [Field],
    /// Bytes of the context.
    pub context_size: u32,
    /// The answers that r0 may hold at exit; `None`: any, the answer is not looked at.
    pub verdicts: Option<RangeInclusive<i64>>,
}

const fn field(name: &'static str, offset: u32, size: u32) -> Field {
    Field { name, offset, size }
}

/// All hooks.
pub const HOOKS: &[Hook] = &[
    // struct hypos_timer { __u64 now_ns; __u64 scheduled_ns; __u64 period_ns; __u64 count; }
    Hook {
        name: "timer",
        number: 1,
        section: "timer",
        context: &[
            field("now_ns", 0, 8),
            field("scheduled_ns", 8, 8),
            field("period_ns", 16, 8),
            field("count", 24, 8),
        ],
        context_size: 32,
        verdicts: None,
    },
    // struct hypos_serial { __u64 now_ns; __u32 port; __u32 len; __u8 data[16]; }
    Hook {
        name: "serial",
        number: 2,
        section: "serial",
        context: &[field("now_ns", 0, 8), field("port", 8, 4), field("len", 12, 4), field("data", 16, 16)],
        context_size: 32,
        verdicts: None,
    },
];

/// The hook that an ELF section names: `timer` or `timer/anything`.
pub fn find(section: &str) -> Option<&'static Hook> {
    let name = section.split_once('/').map_or(section, |(name, _)| name);
    HOOKS.iter().find(|hook| hook.section == name)
}

/// The hook with this number.
pub fn by_number(number: u32) -> Option<&'static Hook> {
    HOOKS.iter().find(|hook| hook.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_name_hooks() {
        assert_eq!(find("timer").map(|h| h.number), Some(1));
        assert_eq!(find("serial/console").map(|h| h.number), Some(2));
        assert_eq!(find("timers"), None);
        assert_eq!(find(""), None);
        assert_eq!(by_number(2).map(|h| h.name), Some("serial"));
    }

    #[test]
    fn contexts_have_no_gap() {
        for hook in HOOKS {
            let end = hook.context.iter().fold(0, |at, field| {
                assert_eq!(field.offset, at, "{}.{}", hook.name, field.name);
                at + field.size
            });
            assert_eq!(end, hook.context_size, "{}", hook.name);
        }
    }
}
