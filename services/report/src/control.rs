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
}

impl Request {
    /// The label and the words of the message.
    pub const fn encode(self) -> (u64, [u64; 4]) {
        match self {
            Self::Restart { service } => (1, [service as u64, 0, 0, 0]),
        }
    }

    /// The request of a message, if it is one; what the caller sent is a claim. Words that were not sent are 0.
    pub fn decode(label: u64, words: [u64; 4]) -> Option<Self> {
        match (label, words) {
            (1, [service, 0, 0, 0]) => Some(Self::Restart { service: u32::try_from(service).ok()? }),
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
}

impl Refusal {
    /// The refusal of a reply's label, if it is one.
    pub const fn from_label(label: u64) -> Option<Self> {
        Some(match label {
            1 => Self::Invalid,
            2 => Self::NoService,
            3 => Self::Failed,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_the_wire_and_nothing_else_is_one() {
        for request in [Request::Restart { service: 0 }, Request::Restart { service: u32::MAX }] {
            let (label, words) = request.encode();
            assert_eq!(Request::decode(label, words), Some(request));
        }
        for (label, words) in
            [(0, [0; 4]), (1, [1 << 32, 0, 0, 0]), (1, [0, 1, 0, 0]), (1, [0, 0, 0, 1]), (1 << 19, [0; 4])]
        {
            assert_eq!(Request::decode(label, words), None, "{label} {words:?}");
        }
    }

    #[test]
    fn refusals_survive_the_wire() {
        for refusal in [Refusal::Invalid, Refusal::NoService, Refusal::Failed] {
            assert_eq!(Refusal::from_label(refusal as u64), Some(refusal));
        }
        assert_eq!((Refusal::from_label(0), Refusal::from_label(4)), (None, None));
    }
}
