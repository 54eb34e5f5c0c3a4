//! What the build script generated.

// Generated from what the interface files say, in their words.
#![allow(clippy::doc_markdown, clippy::unreadable_literal, clippy::identity_op, clippy::erasing_op)]
#![allow(clippy::wrong_self_convention, clippy::trivially_copy_pass_by_ref, clippy::used_underscore_binding)]

use crate::{seL4_CPtr, seL4_Error, seL4_IPCBuffer};

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
