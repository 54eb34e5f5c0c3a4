//! Ctrl-C, for commands that go on until then.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Context, Result};

static STOP: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C only sets [`asked`].
pub fn on_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| STOP.store(true, Relaxed)).context("Ctrl-C can't be caught")
}

/// Whether it was pressed.
pub fn asked() -> bool {
    STOP.load(Relaxed)
}
