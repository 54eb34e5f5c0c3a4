//! The messages on a device, as micropb makes them: of fixed size, the bounds are in `build.rs`.

use micropb::{MessageDecode, MessageEncode, PbEncoder};

pub use generated::hypos_::control_::v1_::*;

use crate::frame::MAX_MESSAGE;

mod generated {
    #![allow(
        missing_docs,
        nonstandard_style,
        unused,
        unused_parens,
        reason = "generated; control.proto has the comments"
    )]
    #![allow(clippy::all, clippy::pedantic, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/device.rs"));
}

/// Encodes a response; gives the bytes of `out` that hold it. It always fits [`MAX_MESSAGE`] bytes.
pub fn encode<'a>(response: &Response, out: &'a mut [u8; MAX_MESSAGE]) -> &'a [u8] {
    const { assert!(matches!(Response::MAX_SIZE, Ok(size) if size <= MAX_MESSAGE)) };
    let mut encoder = PbEncoder::new(&mut out[..]);
    let unused = match response.encode(&mut encoder) {
        Ok(()) => encoder.into_writer().len(),
        // The assertion above leaves no room for it; an empty message is dropped by the host.
        Err(()) => MAX_MESSAGE,
    };
    out.split_at(MAX_MESSAGE - unused).0
}

/// Decodes a request; `None` for bytes that are none.
pub fn decode(message: &[u8]) -> Option<Request> {
    let mut request = Request::default();
    request.decode_from_bytes(message).ok()?;
    Some(request)
}
