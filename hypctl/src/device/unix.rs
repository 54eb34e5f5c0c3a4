//! A Unix socket.

use std::{io, os::unix::net::UnixStream, path::Path, time::Duration};

use super::Link;

impl Link for UnixStream {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))?;
        self.set_write_timeout(Some(timeout))
    }
}

/// Connects to the socket at `path`.
pub fn open(path: &Path) -> io::Result<Box<dyn Link>> {
    Ok(Box::new(UnixStream::connect(path)?))
}
