//! The picture of the capability table: that of this table is in `docs/`.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::{fs, path::Path};

use fake::{Fake, Reply, err, greeting, ok};
use proto::host::{Cap, Caps, request, response::Body};

/// The lines of the golden file.
fn golden() -> Vec<Cap> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/caps-x86_64-pc99.txt");
    let text = fs::read_to_string(file).expect("a golden file");
    let cap = |line: &str| {
        let fields: Vec<_> = line.split('\t').map(String::from).collect();
        let [service, place, name, kind, object, rights, badge] = &fields[..] else { panic!("{line}") };
        Cap {
            service: service.clone(),
            slot: place.parse().unwrap_or(0),
            address: place.strip_prefix("0x").map_or(0, |hex| u64::from_str_radix(hex, 16).expect("hex")),
            name: name.clone(),
            kind: kind.clone(),
            object: object.clone(),
            rights: rights.clone(),
            badge: badge.parse().expect("a number"),
        }
    };
    text.lines().skip(1).map(cap).collect()
}

fn device(caps: Vec<Cap>) -> Fake {
    Fake::new(move |n, body| {
        let request::Body::Caps(page) = body else {
            assert_eq!(n, 0, "the greeting");
            return Reply::Answer(greeting());
        };
        let (from, next) = (page.next as usize, page.next as usize + 12);
        let next = if next < caps.len() { next as u32 } else { 0 };
        Reply::Answer(Body::Caps(Caps { caps: caps[from..].iter().take(12).cloned().collect(), next }))
    })
}

#[test]
fn the_picture_in_docs_is_that_of_the_table() {
    let drawn = ok(&device(golden()), &["caps", "--svg"]);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/caps-x86_64-pc99.svg");
    if std::env::var_os("HYPOS_BLESS").is_some() {
        fs::write(&file, &drawn).expect("is written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        drawn == kept,
        "authority changed: look at the picture after running this test with HYPOS_BLESS=1"
    );
}

/// Each line of the table is behind one of the marks, and only one.
#[test]
fn every_capability_is_in_the_picture_once() {
    let drawn = ok(&device(golden()), &["caps", "--svg"]);
    let tips: Vec<_> =
        drawn.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next()).collect();
    let told: Vec<_> = tips.iter().flat_map(|tip| tip.split("; ")).collect();
    for cap in golden().iter().filter(|cap| cap.kind != "policy") {
        let begin = format!("{}.{}: {} at ", cap.service, cap.name, cap.kind);
        assert_eq!(told.iter().filter(|tip| tip.starts_with(&begin)).count(), 1, "{begin}");
    }
}

/// Marks of one row keep clear of each other and of the names on the left, however long the texts are.
#[test]
fn no_text_overlaps_another() {
    let mut caps = golden();
    for cap in golden() {
        let service = "a-long-name".into();
        let rights = format!("{} and far more", cap.rights);
        caps.push(Cap { service, rights, ..cap });
    }
    let drawn = ok(&device(caps), &["caps", "--svg"]);
    let number = |line: &str, name: &str| -> i64 {
        let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} in {line}"));
        rest.split('"').next().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{name} in {line}"))
    };
    let names = drawn.lines().filter(|line| line.starts_with("<text x=\"32\""));
    let end = |line: &str| {
        32 + 8 * line.split('>').nth(1).map_or(0, |rest| rest.split('<').next().map_or(0, str::len) as i64)
    };
    let left = names.map(end).max().expect("names");
    let mut boxes: Vec<_> = drawn
        .lines()
        .filter_map(|line| line.split_once("</title>").map(|(_, rect)| rect))
        .map(|rect| (number(rect, "y"), number(rect, "x"), number(rect, "width")))
        .collect();
    boxes.sort_unstable();
    assert!(boxes.len() > 80 && boxes.iter().all(|(_, x, _)| *x >= left), "{left}");
    for pair in boxes.windows(2) {
        let ((y, x, width), (below, next, _)) = (pair[0], pair[1]);
        assert!(if y == below { x + width < next } else { below - y >= 18 }, "{pair:?}");
    }
}

#[test]
fn a_file_that_can_not_be_written_is_named() {
    let device = device(golden());
    assert_eq!(ok(&device, &["caps", "--svg", "caps.svg"]), "caps.svg written\n");
    assert!(fs::read_to_string(device.folder().join("caps.svg")).expect("is there").starts_with("<svg "));
    let error = err(&device, &["caps", "--svg", "no/such/folder/caps.svg"]);
    assert!(error.starts_with("hypctl: no/such/folder/caps.svg: "), "{error}");
}
