//! The messages on the host, as prost makes them.
#![allow(missing_docs, reason = "generated; control.proto has the comments")]
#![allow(clippy::all, clippy::pedantic, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/hypos.control.v1.rs"));
