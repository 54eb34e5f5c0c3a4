//! What a service may ask of the root task: a Call of its endpoint. The root task answers and calls nobody, so it
//! stands above all services in the order of calls.

/// The protocol of [`Request`].
pub const PROTOCOL: &str = "control";

/// What can be asked; [`Request::encode`] gives the message. The reply's label is 0 or a [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Builds a service anew, whatever it is doing, also one that was stopped. It is done when the answer comes; if the
    /// service is the one that asks, it has the time to pass the answer on, and goes then.
    Restart {
        /// Its place in the table.
        service: u32,
    },
    /// Builds the cell of the program in this slot of the ledger, and lets it run.
    Spawn {
        /// The slot.
        cell: u32,
    },
    /// Takes a cell apart; its memory is free again. Nobody may be in a Call of it.
    Kill {
        /// Its slot in the ledger.
        cell: u32,
    },
    /// Takes all cells apart but those of the slots whose bits are set: slot 0 is bit 0 of `low`, slot 32 bit 0 of `high`.
    Retain {
        /// Slots 0 to 31.
        low: u32,
        /// Slots 32 to 63.
        high: u32,
    },
    /// Gives the owner of a hook the endpoint of a cell, in place of the one that is there: the next event goes to this cell.
    Attach {
        /// Its slot in the ledger.
        cell: u32,
        /// The hook's number.
        hook: u32,
        /// The place among the hook's attachments.
        place: u32,
    },
    /// Takes the endpoint in a place of a hook away from its owner.
    Detach {
        /// The hook's number.
        hook: u32,
        /// The place among the hook's attachments.
        place: u32,
    },
}

impl Request {
    /// The label and the words of the message.
    pub const fn encode(self) -> (u64, [u64; 4]) {
        match self {
            Self::Restart { service } => (1, [service as u64, 0, 0, 0]),
            Self::Spawn { cell } => (2, [cell as u64, 0, 0, 0]),
            Self::Kill { cell } => (3, [cell as u64, 0, 0, 0]),
            Self::Attach { cell, hook, place } => (4, [cell as u64, hook as u64, place as u64, 0]),
            Self::Retain { low, high } => (6, [low as u64, high as u64, 0, 0]),
            Self::Detach { hook, place } => (5, [hook as u64, place as u64, 0, 0]),
        }
    }

    /// The request of a message, if it is one; what the caller sent is a claim. Words that were not sent are 0.
    pub fn decode(label: u64, words: [u64; 4]) -> Option<Self> {
        let [a, b, c, d] = words;
        let [a, b, c] = [u32::try_from(a).ok()?, u32::try_from(b).ok()?, u32::try_from(c).ok()?];
        match (label, b, c, d) {
            (1, 0, 0, 0) => Some(Self::Restart { service: a }),
            (2, 0, 0, 0) => Some(Self::Spawn { cell: a }),
            (3, 0, 0, 0) => Some(Self::Kill { cell: a }),
            (4, hook, place, 0) => Some(Self::Attach { cell: a, hook, place }),
            (6, high, 0, 0) => Some(Self::Retain { low: a, high }),
            (5, place, 0, 0) => Some(Self::Detach { hook: a, place }),
            _ => None,
        }
    }
}

/// Why the root task refused; the label of the reply, 0 being success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Refusal {
    /// Not a request.
    Invalid = 1,
    /// The table has no such service.
    NoService = 2,
    /// The kernel refused a step: the service stays stopped, and the log says why.
    Failed = 3,
    /// There is no such cell, or its entry in the ledger makes no sense.
    NoCell = 4,
    /// The cell exists already.
    Exists = 5,
    /// There is no memory for it.
    NoMemory = 6,
    /// No service owns this hook, or it has no such place.
    NoHook = 7,
}

impl Refusal {
    /// The refusal of a reply's label, if it is one.
    pub const fn from_label(label: u64) -> Option<Self> {
        Some(match label {
            1 => Self::Invalid,
            2 => Self::NoService,
            3 => Self::Failed,
            4 => Self::NoCell,
            5 => Self::Exists,
            6 => Self::NoMemory,
            7 => Self::NoHook,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_the_wire_and_nothing_else_is_one() {
        for request in [
            Request::Restart { service: 0 },
            Request::Restart { service: u32::MAX },
            Request::Spawn { cell: 63 },
            Request::Kill { cell: 1 },
            Request::Attach { cell: 5, hook: 1, place: 15 },
            Request::Detach { hook: 2, place: 3 },
            Request::Retain { low: 1 << 31, high: 7 },
        ] {
            let (label, words) = request.encode();
            assert_eq!(Request::decode(label, words), Some(request));
        }
        for (label, words) in [
            (0, [0; 4]),
            (7, [0; 4]),
            (1, [1 << 32, 0, 0, 0]),
            (4, [0, 0, 1 << 32, 0]),
            (1, [0, 1, 0, 0]),
            (1, [0, 0, 0, 1]),
            (1 << 19, [0; 4]),
        ] {
            assert_eq!(Request::decode(label, words), None, "{label} {words:?}");
        }
    }

    #[test]
    fn refusals_survive_the_wire() {
        let known: [_; 7] = core::array::from_fn(|i| Refusal::from_label(i as u64 + 1).map(|r| r as u64));
        assert_eq!(known, [1, 2, 3, 4, 5, 6, 7].map(Some));
        assert_eq!((Refusal::from_label(0), Refusal::from_label(8)), (None, None));
    }
}
