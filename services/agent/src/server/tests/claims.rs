//! Whatever comes over the wire or lies in shared memory: the agent answers and goes on.
use std::{boxed::Box, format, vec, vec::Vec};

use bpf_runtime::{bundle::Contents, map::MapKind};
use micropb::{MessageEncode, PbEncoder};
use proptest::{collection::vec, prelude::*};
use proto::{
    device::{
        self as wire, AttachRequest, LoadRequest, MapDumpRequest, PageRequest, ProgramRequest, Request,
        Request_::Body as Asked, Response_::Body as Answer, StatusRequest, TraceRequest,
    },
    frame::MAX_MESSAGE,
};

use super::device::{Device, array, map, name, piece, spec, tiny};

fn program() -> impl Strategy<Value = ProgramRequest> {
    (0..5_u32, 0..4_u32).prop_map(|(id, n)| ProgramRequest { id, name: name(&format!("p{n}")) })
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![0..20_u32, any::<u32>()]
}

fn request() -> impl Strategy<Value = Asked> {
    let attach = (program(), any::<bool>(), any::<u32>()).prop_map(|(program, timer, period_ns)| {
        let hook = name(if timer { "timer" } else { "serial" });
        let mut attach = AttachRequest { hook, period_ns: period_ns.into(), ..AttachRequest::default() };
        attach.set_program(program);
        Asked::Attach(attach)
    });
    prop_oneof![
        Just(Asked::Status(StatusRequest {})),
        number().prop_map(|most| Asked::Trace(TraceRequest { most })),
        attach,
        program().prop_map(Asked::Detach),
        program().prop_map(Asked::Unload),
        number().prop_map(|next| Asked::Programs(PageRequest { next })),
        number().prop_map(|next| Asked::Maps(PageRequest { next })),
        number().prop_map(|next| Asked::Attachments(PageRequest { next })),
        number().prop_map(|next| Asked::Services(PageRequest { next })),
        number().prop_map(|next| Asked::Caps(PageRequest { next })),
        (0..9_u32, number()).prop_map(|(id, cursor)| Asked::MapDump(MapDumpRequest {
            id,
            name: name("m"),
            cursor
        })),
        (number(), vec(any::<u8>(), 0..1024)).prop_map(|(at, data)| piece(at as usize, &data)),
        number().prop_map(|size| Asked::Load(LoadRequest { size })),
    ]
}

/// A step of a host: a request, or a bundle, perhaps with a byte changed.
#[derive(Clone, Debug)]
enum Step {
    Ask(Box<Asked>),
    Load { name: u32, big: bool, change: Option<(usize, u8)> },
}

fn step() -> impl Strategy<Value = Step> {
    let change = proptest::option::of((any::<usize>(), any::<u8>()));
    prop_oneof![
        3 => request().prop_map(|asked| Step::Ask(Box::new(asked))),
        1 => (0..4_u32, any::<bool>(), change).prop_map(|(name, big, change)| Step::Load { name, big, change }),
    ]
}

fn bundle(name: u32, big: bool) -> Vec<u8> {
    let value_bytes = if big { 200_000 } else { 300 };
    let maps = vec![array("m", value_bytes, 1), map("ring", spec(MapKind::RingBuf, 0, 0, 4096))];
    Contents { maps, ..tiny(&[&format!("p{name}")]) }.write().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_session_leaves_a_device_that_works(steps in vec(step(), 0..60)) {
        let mut device = Device::new();
        let fresh = device.snapshot();
        for step in steps {
            match step {
                Step::Ask(asked) => _ = device.ask(*asked),
                Step::Load { name, big, change } => {
                    let mut bytes = bundle(name, big);
                    if let Some((at, value)) = change {
                        let len = bytes.len();
                        bytes[at % len] = value;
                    }
                    let before = device.snapshot();
                    if device.load_bytes(&bytes).is_err() {
                        prop_assert_eq!(device.snapshot(), before);
                    }
                }
            }
        }
        let left: Vec<u32> = device.agent.programs.iter().flatten().map(crate::server::state::Program::id).collect();
        for id in left {
            let program = ProgramRequest { id, name: name("") };
            let _ = device.act(Asked::Detach(program.clone()));
            prop_assert!(device.act(Asked::Unload(program)).is_ok());
        }
        prop_assert_eq!(device.snapshot(), fresh, "everything came back");
    }

    #[test]
    fn any_bytes_are_answered_or_dropped(bytes in vec(any::<u8>(), 0..200)) {
        if let Some(request) = wire::decode(&bytes) {
            let _ = Device::new().agent.serve(&request);
        }
    }

    #[test]
    fn damaged_requests_are_answered_or_dropped(asked in request(), at in any::<usize>(), value in any::<u8>()) {
        let mut bytes = [0; 2048];
        let mut encoder = PbEncoder::new(&mut bytes[..]);
        Request { seq: 1, body: Some(asked) }.encode(&mut encoder).unwrap();
        let len = 2048 - encoder.into_writer().len();
        bytes[at % len] = value;
        if let Some(request) = wire::decode(&bytes[..len]) {
            let response = Device::new().agent.serve(&request);
            prop_assert!(!wire::encode(&response, &mut [0; MAX_MESSAGE]).is_empty());
        }
    }

    #[test]
    fn nonsense_in_shared_memory_is_survived(words in vec((any::<prop::sample::Index>(), any::<u64>()), 0..40)) {
        let mut device = Device::new();
        device.load_bytes(&bundle(0, false)).unwrap();
        let m = device.memory;
        for (at, word) in words {
            for memory in [m.maps, m.hooks, m.report, m.table, m.rates, m.counters[0]] {
                // Mostly where the structure is.
                let _ = memory.store(8 * at.index(64), 8, word);
            }
        }
        for _ in 0..20 {
            let Answer::Trace(page) = device.ask(Asked::Trace(TraceRequest { most: 0 })) else { panic!("no trace") };
            if !page.more {
                break;
            }
        }
        let page = || PageRequest { next: 0 };
        for asked in [
            Asked::Programs(page()), Asked::Maps(page()), Asked::Attachments(page()), Asked::Services(page()),
            Asked::Caps(page()), Asked::MapDump(MapDumpRequest { id: 1, name: name(""), cursor: 0 }),
        ] {
            let _ = device.ask(asked);
        }
        let _ = device.act(Asked::Unload(ProgramRequest { id: 0, name: name("p0") }));
    }
}
