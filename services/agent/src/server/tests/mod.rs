//! The control plane over host memory, with a board that only notes what it is asked.

mod attach;
mod claims;
mod device;
mod dump;
mod entry;
mod events;
mod lists;
mod load;
mod recover;
mod replace;
mod restart;
mod trace;
mod upload;
