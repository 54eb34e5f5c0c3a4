//! The errors that helpers return to programs, negated, with Linux's numbers.

/// An error of a map operation or a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of errno.h")]
#[repr(i32)]
pub enum Errno {
    EPERM = 1,
    ENOENT = 2,
    E2BIG = 7,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    EINVAL = 22,
    ENOSPC = 28,
    EAFNOSUPPORT = 97,
}

impl Errno {
    /// What r0 holds after a helper failed: the negated number.
    pub const fn to_r0(self) -> u64 {
        (-(self as i64)) as u64
    }
}

impl core::fmt::Display for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::EPERM => "not permitted (EPERM)",
            Self::ENOENT => "no such entry (ENOENT)",
            Self::E2BIG => "too big, or the map is full (E2BIG)",
            Self::EAGAIN => "try again (EAGAIN)",
            Self::ENOMEM => "no memory: no entry could be removed for the new one (ENOMEM)",
            Self::EACCES => "not allowed (EACCES)",
            Self::EFAULT => "the map's memory is corrupted (EFAULT)",
            Self::EBUSY => "busy, another domain is changing it (EBUSY)",
            Self::EEXIST => "exists already (EEXIST)",
            Self::EINVAL => "invalid argument (EINVAL)",
            Self::ENOSPC => "no space left (ENOSPC)",
            Self::EAFNOSUPPORT => "unknown address family (EAFNOSUPPORT)",
        })
    }
}

impl From<shm::OutOfBounds> for Errno {
    /// Offsets are checked when a map is opened: one that is wrong later was made wrong by the other side.
    fn from(_: shm::OutOfBounds) -> Self {
        Self::EFAULT
    }
}
