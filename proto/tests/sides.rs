//! The two sides' code encodes the same bytes and reads the other's.

use micropb::MessageEncode;
use proptest::prelude::*;
use prost::Message;
use proto::{device, frame::MAX_MESSAGE, host};

fn name(text: &str) -> heapless::String<32> {
    text.try_into().expect("short")
}

/// Encodes on the device's side.
fn from_device(response: &device::Response) -> Vec<u8> {
    device::encode(response, &mut [0; MAX_MESSAGE]).to_vec()
}

fn request(body: host::request::Body) -> Vec<u8> {
    host::Request { seq: 7, body: Some(body) }.encode_to_vec()
}

fn response(body: device::Response_::Body) -> device::Response {
    let mut response = device::Response { seq: 300, ..device::Response::default() };
    response.body = Some(body);
    response
}

#[test]
fn an_error_crosses() {
    let mut error = device::Error { code: device::ErrorCode::Refused, ..device::Error::default() };
    error.message.push_str("R2 !read_ok").expect("short");
    let bytes = from_device(&response(device::Response_::Body::Error(error)));
    let error = host::Error { code: host::ErrorCode::Refused.into(), message: "R2 !read_ok".into() };
    let same = host::Response { seq: 300, body: Some(host::response::Body::Error(error)) };
    assert_eq!(bytes, same.encode_to_vec());
    assert_eq!(host::Response::decode(&bytes[..]), Ok(same));
}

#[test]
fn lists_and_nested_messages_cross() {
    let mut page = device::Programs { next: 9, ..device::Programs::default() };
    let mut program =
        device::Program { id: 1, name: name("tick"), hook: name("timer"), ..Default::default() };
    (program.tag, program.runs, program.attached) = (0x1122_3344_5566_7788, u64::MAX, true);
    program.map_ids.extend_from_slice(&[1, 200]).expect("two fit");
    page.programs.push(program).expect("one fits");
    let bytes = from_device(&response(device::Response_::Body::Programs(page)));

    let program = host::Program {
        id: 1,
        name: "tick".into(),
        hook: "timer".into(),
        tag: 0x1122_3344_5566_7788,
        runs: u64::MAX,
        attached: true,
        map_ids: vec![1, 200],
        ..Default::default()
    };
    let page = host::Programs { programs: vec![program], next: 9 };
    let same = host::Response { seq: 300, body: Some(host::response::Body::Programs(page)) };
    assert_eq!(bytes, same.encode_to_vec());
}

#[test]
fn requests_cross() {
    let program = host::ProgramRequest { id: 0, name: "tick".into() };
    let attach = host::AttachRequest { program: Some(program), hook: "timer".into(), period_ns: 10_000_000 };
    let got = device::decode(&request(host::request::Body::Attach(attach))).expect("decodes");
    let Some(device::Request_::Body::Attach(attach)) = got.body else { panic!("another body: {got:?}") };
    assert_eq!((got.seq, attach.period_ns, attach.hook.as_str()), (7, 10_000_000, "timer"));
    assert_eq!(attach.program.map(|p| p.name), Some(name("tick")));
    let empty = device::decode(&request(host::request::Body::Trace(host::TraceRequest::default())));
    assert!(matches!(empty.and_then(|r| r.body), Some(device::Request_::Body::Trace(_))));
}

#[test]
fn what_does_not_fit_the_device_is_refused_there() {
    let upload = |len| host::UploadRequest { offset: 0, data: vec![1; len] };
    assert!(device::decode(&request(host::request::Body::Upload(upload(1024)))).is_some());
    assert!(device::decode(&request(host::request::Body::Upload(upload(1025)))).is_none());
    let long = host::ProgramRequest { id: 0, name: "x".repeat(33) };
    assert!(device::decode(&request(host::request::Body::Detach(long))).is_none());
    assert!(device::decode(&[0xff; 9]).is_none());
}

#[test]
fn an_unknown_request_keeps_its_number() {
    // Field 99, length-delimited, two bytes: a message of a later protocol.
    let got = device::decode(&[0x08, 7, 0x9a, 0x06, 2, 1, 2]).expect("decodes");
    assert_eq!((got.seq, got.body.is_none()), (7, true));
}

#[test]
fn the_largest_response_and_request_fit_a_frame() {
    let sizes = (device::Response::MAX_SIZE, device::Request::MAX_SIZE);
    assert!(matches!(sizes, (Ok(r), Ok(q)) if r <= MAX_MESSAGE && q <= MAX_MESSAGE), "{sizes:?}");
    let mut services = device::Services { next: u32::MAX, ..Default::default() };
    while !services.services.is_full() {
        let mut service = device::Service { name: name(&"n".repeat(32)), ..Default::default() };
        service.last_fault.push_str(&"f".repeat(128)).expect("fits");
        while !service.counters.is_full() {
            let counter =
                device::Counter { name: name(&"c".repeat(32)), value: u64::MAX, per_second: u64::MAX };
            service.counters.push(counter).expect("not full");
        }
        services.services.push(service).expect("not full");
    }
    let bytes = from_device(&response(device::Response_::Body::Services(services)));
    let got = host::Response::decode(&bytes[..]).expect("decodes");
    let Some(host::response::Body::Services(services)) = got.body else { panic!("another body") };
    assert_eq!((services.services.len(), services.services[2].counters.len()), (3, 16));
}

proptest! {
    #[test]
    fn no_bytes_panic_the_device(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = device::decode(&bytes);
    }
}
