//! What the commands on programs ask the device and print.

mod common;
#[path = "common/fake.rs"]
mod fake;

use bpf_runtime::bundle::Bundle;
use common::{LIBBPF, compile, have_clang, hypctl_in, text};
use fake::{Fake, Reply, err, greeting, json, ok};
use proto::host::{
    Attachment, Attachments, Done, LoadResponse, Loaded, Program, Programs, ServiceState, request,
    response::Body,
};
use serde_json::json;

fn program(id: u32, name: &str) -> Program {
    Program {
        id,
        name: name.into(),
        hook: "timer".into(),
        instructions: 52,
        instruction_bound: 80,
        stack_bytes: 16,
        map_ids: vec![1, 2],
        runs: 1000,
        run_ns: 1_500_000,
        tag: 0xabc,
        attached: id == 1,
        state: ServiceState::Running.into(),
        faults: 2,
        last_fault: "wild".into(),
        ..Program::default()
    }
}

/// Two programs in two pages, the first attached.
fn two_programs() -> Fake {
    Fake::new(|_, body| {
        Reply::Answer(match body {
            request::Body::Programs(page) if page.next == 0 => {
                Body::Programs(Programs { programs: vec![program(1, "tick")], next: 7 })
            }
            request::Body::Programs(page) if page.next == 7 => {
                Body::Programs(Programs { programs: vec![program(2, "beat")], next: 0 })
            }
            request::Body::Attachments(_) => {
                let one = Attachment {
                    program_id: 1,
                    period_ns: 10_000_000,
                    hook: "timer".into(),
                    ..Default::default()
                };
                Body::Attachments(Attachments { attachments: vec![one], next: 0 })
            }
            _ => greeting(),
        })
    })
}

#[test]
fn prog_list_prints_an_aligned_table() {
    let device = two_programs();
    let expected = "\
ID  NAME  HOOK   ATTACHED    INSNS  AT MOST  STACK  MAPS  RUNS  PER RUN  STATE    FAULTS
1   tick  timer  every 10ms  52     80       16B    1,2   1000  1.5us    running  2: wild
2   beat  timer  no          52     80       16B    1,2   1000  1.5us    running  2: wild
";
    assert_eq!(ok(&device, &["prog", "list"]), expected);
    assert_eq!(ok(&device, &["prog", "show"]), expected);
}

#[test]
fn prog_show_takes_what_bpftool_takes() {
    let device = two_programs();
    for args in [&["beat"][..], &["name", "beat"], &["id", "2"]] {
        let shown = json(&device, &[&["prog", "show"], args].concat());
        assert_eq!(shown[0]["name"], "beat", "{args:?}");
        assert_eq!(
            (shown[0]["tag"].as_str(), shown.as_array().map(Vec::len)),
            (Some("0000000000000abc"), Some(1))
        );
    }
    assert_eq!(err(&device, &["prog", "show", "none"]), "hypctl: no program none: prog list shows all\n");
    assert!(err(&device, &["prog", "show", "id", "x"]).contains("id x: not a number above 0"));
    assert!(err(&device, &["prog", "show", "a/b"]).contains("is no name"));
}

#[test]
fn prog_list_as_json_has_numbers() {
    let listed = json(&two_programs(), &["prog", "list"]);
    assert_eq!(listed[0]["period_ns"], json!([10_000_000]));
    assert_eq!(listed[0]["map_ids"], json!([1, 2]));
    assert_eq!((&listed[0]["runs"], &listed[1]["attached"]), (&json!(1000), &json!(false)));
}

#[test]
fn an_empty_list_says_what_to_do_and_is_an_empty_array() {
    let none = Fake::new(|_, body| {
        Reply::Answer(match body {
            request::Body::Programs(_) => Body::Programs(Programs::default()),
            request::Body::Attachments(_) => Body::Attachments(Attachments::default()),
            _ => greeting(),
        })
    });
    assert_eq!(ok(&none, &["prog", "list"]), "no programs: load one with prog load FILE.o\n");
    assert_eq!(json(&none, &["prog", "list"]), json!([]));
}

#[test]
fn prog_load_sends_the_bundle_in_pieces() {
    if !have_clang() {
        return;
    }
    let device = Fake::new(|n, body| {
        let loaded = Loaded { id: 3, name: "big".into(), instruction_bound: 0, stack_bytes: 24 };
        Reply::Answer(match body {
            _ if n == 0 => greeting(),
            request::Body::Load(_) => Body::Load(LoadResponse { programs: vec![loaded] }),
            _ => Body::Done(Done {}),
        })
    });
    let table = "static volatile const int t[900] = {1, 2, 3};";
    let source =
        format!("{LIBBPF}{table} SEC(\"timer\") int big(__u32 *c) {{ return c[0] < 900 ? t[c[0]] : 0; }}");
    let file = compile(device.folder(), "big", &source).display().to_string();
    let load = ["prog", "load", &file, "--no-verify", "--object-version", "5"];
    assert_eq!(
        ok(&device, &load),
        "ID  NAME  INSTRUCTIONS AT MOST  STACK\n3   big   -                     24B\n"
    );
    let (mut bundle, mut size) = (Vec::new(), 0);
    for body in device.bodies() {
        match body {
            request::Body::Upload(piece) => {
                assert_eq!(piece.offset as usize, bundle.len());
                assert!((1..=1024).contains(&piece.data.len()));
                bundle.extend(piece.data);
            }
            request::Body::Load(load) => size = load.size as usize,
            other => panic!("{other:?}"),
        }
    }
    assert!(bundle.len() > 3600 && bundle.len() == size);
    let bundle = Bundle::parse(&bundle).expect("parses");
    assert_eq!((bundle.name(), bundle.version()), ("big.o", 5));
    assert_eq!(bundle.maps().next().map(|m| (m.name, m.initial[4])), Some((".rodata", 2)));
    let args = ["prog", "load", &file, "--no-verify"];
    assert_eq!(
        json(&device, &args),
        json!([{"id": 3, "name": "big", "instruction_bound": null, "stack_bytes": 24}])
    );
}

#[test]
fn prog_attach_detach_unload_ask_and_confirm() {
    let device = Fake::new(|n, _| Reply::Answer(if n == 0 { greeting() } else { Body::Done(Done {}) }));
    let said = ok(&device, &["prog", "attach", "tick", "timer", "--period", "10ms"]);
    assert_eq!(said, "tick attached to timer every 10ms\n");
    assert_eq!(ok(&device, &["prog", "attach", "id", "4", "serial"]), "id 4 attached to serial\n");
    assert_eq!(ok(&device, &["prog", "detach", "name", "tick"]), "tick detached\n");
    assert_eq!(json(&device, &["prog", "unload", "tick"]), json!({"done": "tick unloaded"}));
    let requests = device.requests.lock().expect("no panic");
    let bodies: Vec<_> = requests.iter().filter_map(|r| r.body.as_ref()).collect();
    let request::Body::Attach(attach) = bodies[1] else { panic!("{bodies:?}") };
    let program = attach.program.as_ref().map(|p| (p.id, p.name.as_str()));
    assert_eq!((program, attach.hook.as_str(), attach.period_ns), (Some((0, "tick")), "timer", 10_000_000));
    let request::Body::Attach(attach) = bodies[3] else { panic!("{bodies:?}") };
    assert_eq!((attach.program.as_ref().map(|p| p.id), attach.period_ns), (Some(4), 0));
    assert!(matches!(bodies[5], request::Body::Detach(p) if p.name == "tick"));
    assert!(matches!(bodies[7], request::Body::Unload(p) if p.name == "tick"));
    drop(requests);
    assert!(err(&device, &["prog", "attach", "id", "4"]).contains("say which hook"));
    let output = hypctl_in(device.folder(), &["prog", "attach", "tick", "timer", "--period", "10"]);
    assert!(text(&output.stderr).contains("give a number with ns, us, ms or s"), "{}", text(&output.stderr));
}
