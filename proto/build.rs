//! Makes both sides' code from `control.proto`: prost's for the host, micropb's for the device.
//!
//! protox compiles the `.proto` to a descriptor set, so no `protoc` binary is needed.

use std::{env, error::Error, fs, path::PathBuf};

use micropb_gen::{Config, Generator, config::OptionalRepr};
use prost::Message;

const PROTO: &str = "control.proto";
const PACKAGE: &str = ".hypos.control.v1";

/// What a name, or any text that is not listed below, may have in bytes.
const NAME_BYTES: u32 = 32;

/// Bounds in bytes of the longer texts and of the byte strings. `src/device.rs` checks at compile time that the largest
/// response fits a frame.
const BYTES: &[(&str, u32)] = &[
    ("Error.message", 1800),
    ("Status.kernel", 64),
    ("UploadRequest.data", 1024),
    ("MapEntry.key", 512),
    ("MapKey.key", 512),
    ("MapUpdateRequest.value", 2048),
    ("MapEntry.value", 256),
    ("TraceRecord.text", 256),
    ("TraceRecord.data", 512),
    ("Service.last_fault", 128),
    ("Program.last_fault", 56),
    ("Cap.object", 48),
    ("Event.subject", 40),
    ("Event.text", 160),
];

/// Bounds in elements of the lists: one page of each.
const ELEMENTS: &[(&str, u32)] = &[
    ("LoadResponse.programs", 16),
    ("Programs.programs", 8),
    ("Program.map_ids", 16),
    ("Attachments.attachments", 16),
    ("Maps.maps", 16),
    ("MapEntries.entries", 5),
    ("TraceRecords.records", 6),
    ("Services.services", 3),
    ("Service.counters", 16),
    ("Caps.caps", 12),
    ("Events.events", 14),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile([PROTO], ["."])?;
    let descriptors_file = out.join("control.fds");
    fs::write(&descriptors_file, descriptors.encode_to_vec())?;

    prost_build::Config::new().compile_fds(descriptors)?;

    let mut device = Generator::new();
    device.use_container_heapless();
    let all = Config::new().max_bytes(NAME_BYTES).optional_repr(OptionalRepr::Option);
    device.configure(PACKAGE, all);
    for (field, bytes) in BYTES {
        device.configure(&format!("{PACKAGE}.{field}"), Config::new().max_bytes(*bytes));
    }
    for (field, elements) in ELEMENTS {
        device.configure(&format!("{PACKAGE}.{field}"), Config::new().max_len(*elements));
    }
    device.compile_fdset_file(descriptors_file, out.join("device.rs"))?;
    Ok(())
}
