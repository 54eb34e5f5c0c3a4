//! Pages of a region, handed out first fit and taken back.

use caps::Region;

/// Pages that a region can have.
const MAX: usize = 256;
const PAGE: usize = Pages::PAGE;

/// A run of bytes in a region, on whole pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// From the region's start.
    pub offset: usize,
    /// A multiple of the page size.
    pub len: usize,
}

/// Which pages are in use.
#[derive(Debug)]
pub struct Pages {
    used: [bool; MAX],
    first: usize,
    end: usize,
}

impl Pages {
    /// Bytes of a page.
    pub const PAGE: usize = Region::PAGE as usize;

    /// All pages of a region of `len` bytes but those before `reserved`.
    pub fn new(len: usize, reserved: usize) -> Self {
        Self { used: [false; MAX], first: reserved.div_ceil(PAGE), end: (len / PAGE).min(MAX) }
    }

    /// Bytes that are free, not necessarily in one run.
    pub fn free_bytes(&self) -> usize {
        self.used[self.first..self.end].iter().filter(|used| !**used).count() * PAGE
    }

    /// Takes the first run that has room for `len` bytes.
    pub fn take(&mut self, len: usize) -> Option<Run> {
        let wanted = len.div_ceil(PAGE).max(1);
        let room = self.end.checked_sub(wanted)?;
        let start = (self.first..=room).find(|&i| self.used[i..i + wanted].iter().all(|used| !used))?;
        self.used[start..start + wanted].fill(true);
        Some(Run { offset: start * PAGE, len: wanted * PAGE })
    }

    /// Takes this run; false if it is not all there and free.
    pub fn claim(&mut self, run: Run) -> bool {
        let (start, end) = (run.offset / PAGE, run.offset.saturating_add(run.len) / PAGE);
        let free = start >= self.first && end <= self.end && self.used[start..end].iter().all(|used| !used);
        if free {
            self.used[start..end].fill(true);
        }
        free
    }

    /// Gives a run back.
    pub fn give_back(&mut self, run: Run) {
        let start = run.offset / PAGE;
        if let Some(used) = self.used.get_mut(start..start + run.len / PAGE) {
            used.fill(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_do_not_overlap_and_come_back() {
        let mut pages = Pages::new(16 * PAGE, 5000);
        assert_eq!(pages.free_bytes(), 14 * PAGE);
        let a = pages.take(1).unwrap();
        let b = pages.take(3 * PAGE + 1).unwrap();
        assert_eq!((a.offset, b.offset, b.len), (2 * PAGE, 3 * PAGE, 4 * PAGE));
        assert_eq!(pages.take(10 * PAGE), None);
        pages.give_back(a);
        assert_eq!(pages.take(PAGE), Some(a));
        pages.give_back(a);
        assert!(pages.claim(a) && !pages.claim(a) && !pages.claim(b));
        for bad in [(0, PAGE), (15 * PAGE, 2 * PAGE), (usize::MAX & !4095, PAGE)] {
            assert!(!pages.claim(Run { offset: bad.0, len: bad.1 }), "{bad:?}");
        }
        pages.give_back(a);
        pages.give_back(b);
        assert_eq!(pages.free_bytes(), 14 * PAGE);
        assert_eq!(pages.take(14 * PAGE).map(|run| run.offset), Some(2 * PAGE));
        assert_eq!(pages.take(usize::MAX), None);
    }
}
