//! `hypctl run`: what a program did, and what is said about input that makes no sense.

mod common;

use std::{fs, path::Path};

use common::{LIBBPF, compile, examples, have_clang, hypctl_in, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Exit status, output and errors of `run` with these options.
fn run(file: &Path, options: &[&str]) -> (i32, String, String) {
    let path = file.display().to_string();
    let output = hypctl_in(file.parent().expect("has one"), &[&["run", &path], options].concat());
    (output.status.code().expect("no signal"), text(&output.stdout).into(), text(&output.stderr).into())
}

/// As [`run`] with `--json`.
fn report(file: &Path, options: &[&str]) -> Value {
    let (code, out, error) = run(file, &[options, &["--json"]].concat());
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    serde_json::from_str(&out).expect("JSON")
}

const TWO: &str = "SEC(\"serial\") int sum(struct hypos_serial *c) {
    __u64 sum = 0;
    for (int i = 0; i < 16; i++) sum += c->data[i];
    return sum + c->port;
}
SEC(\"timer\") int late(struct hypos_timer *c) { return c->now_ns - c->scheduled_ns; }
SEC(\"timer/bad\") int bad(__u64 *c) { return c[4]; }
SEC(\"timer/endless\") int endless(volatile __u64 *c) { while (c[0]) {} return 7; }";

/// The programs of `TWO` as an object.
fn two(dir: &TempDir) -> std::path::PathBuf {
    compile(dir.path(), "two", &format!("{LIBBPF}#include <hypos.h>\n{TWO}"))
}

#[test]
fn the_context_reaches_the_program() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let file = two(&dir);
    let answer = |prog: &str, context: &str| {
        let (code, out, error) = run(&file, &["--prog", prog, "--context", context]);
        assert_eq!((code, error.as_str()), (0, ""));
        out.split(',').next().unwrap_or_default().to_owned()
    };
    assert_eq!(answer("sum", r#"{"port": 1, "data": [1, 2, 3]}"#), "sum: r0 = 7");
    assert_eq!(answer("sum", r#"{"data": "ab"}"#), "sum: r0 = 195 (0xc3)");
    assert_eq!(answer("late", r#"{"now_ns": 5, "scheduled_ns": 3}"#), "late: r0 = 2");
    assert_eq!(answer("late", &format!("hex:09{}", "00".repeat(31))), "late: r0 = 9");
    assert_eq!(answer("endless", "{}"), "endless: r0 = 7");
    fs::write(dir.path().join("context"), "{\"now_ns\": 4}\n").expect("is written");
    assert_eq!(answer("late", "@context"), "late: r0 = 4");
    assert_eq!(run(&file, &["--prog", "late"]).1.split(',').next(), Some("late: r0 = 0"));
}

#[test]
fn what_it_prints_sends_and_counts_is_shown() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let source = fs::read_to_string(examples().join("tick.bpf.c")).expect("is there");
    let file = compile(dir.path(), "tick", &source);
    let late = r#"{"now_ns": 30, "scheduled_ns": 10, "period_ns": 5}"#;
    let options = ["--context", late, "--repeat", "200"];
    let (code, out, error) = run(&file, &options);
    assert_eq!((code, error.as_str()), (0, ""));
    let lines: Vec<_> = out.lines().collect();
    let record = |n: &str| format!("events: 1e 00 00 00 00 00 00 00 {n} 00 00 00 00 00 00 00");
    assert_eq!(lines[0], record("0a"), "{out}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("events: ")).count(), 20, "{out}");
    assert!(
        lines.contains(&"tick: tick 100, 20 ns late") && lines.contains(&"tick: tick 200, 20 ns late"),
        "{out}"
    );
    assert!(out.contains("tick: r0 = 0, ") && out.contains(" on the average of 200 runs\n"), "{out}");
    let map = "map counts (array): 2 shown\nKEY              VALUE\n\
               00 00 00 00 (0)  c8 00 00 00 00 00 00 00 (200)\n01 00 00 00 (1)  c8 00 00 00 00 00 00 00 (200)\n";
    assert!(out.ends_with(map), "{out}");

    let report = report(&file, &options);
    assert_eq!((&report["name"], &report["hook"]), (&json!("tick"), &json!("timer")));
    let run = &report["runs"][0];
    assert_eq!((&run["packet"], &run["runs"], &run["r0"]), (&json!(null), &json!(200), &json!(0)));
    assert!(run["instructions"].as_u64().is_some_and(|n| (20..80).contains(&n)), "{run}");
    assert_eq!(report["trace"][0]["source"], "events");
    assert_eq!(report["trace"][0]["data"][8], "0x0a");
    assert_eq!(report["trace"].as_array().map(Vec::len), Some(22));
    assert_eq!(report["maps"][0]["entries"][0]["formatted"], json!({ "key": 0, "value": 200 }));
}

#[test]
fn a_refused_program_is_not_run() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let file = two(&dir);
    let (code, out, error) = run(&file, &["--prog", "bad"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let start = format!("hypctl: {}: program bad is refused, it was not run: ", file.display());
    assert!(error.starts_with(&start) && error.contains("\n  instruction 0: "), "{error}");
}

#[test]
fn a_run_ends_with_its_budget() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let options = ["--prog", "endless", "--context", r#"{"now_ns": 1}"#, "--repeat", "3"];
    let (code, out, error) = run(&two(&dir), &options);
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.starts_with("endless: trapped in run 1: instruction "), "{out}");
    assert!(
        out.contains(": the instruction budget is used up\n  source: ") && out.contains("while (c[0])"),
        "{out}"
    );
}

#[test]
fn input_that_makes_no_sense_is_named() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let file = two(&dir);
    let object = file.display();
    let late = ["--prog", "late"];
    let cases: [(&[&str], String); 6] = [
        (&[], format!("{object}: several programs: say which by --prog: sum, late, bad, endless")),
        (&["--prog", "x"], format!("{object}: no program \"x\" in it: there are sum, late, bad, endless")),
        (
            &["--context", r#"{"port": 1}"#],
            "--context: port: hook timer has no such field, but now_ns, \
           scheduled_ns, period_ns, count"
                .into(),
        ),
        (&["--context", "hex:00"], "--context: 1 bytes, the context of hook timer has 32".into()),
        (&["--context", "@none"], "none: No such file or directory (os error 2)".into()),
        (
            &["--pcap", "none"],
            "--pcap: hook timer gets no packets: give --context '{\"now_ns\": 0, \
           \"scheduled_ns\": 0, \"period_ns\": 0, \"count\": 0}'"
                .into(),
        ),
    ];
    for (i, (options, expected)) in cases.into_iter().enumerate() {
        let options = if i < 2 { options.to_vec() } else { [&late, options].concat() };
        let (code, out, error) = run(&file, &options);
        assert_eq!((code, out.as_str(), error), (1, "", format!("hypctl: {expected}\n")));
    }
    let (code, _, error) = run(&file, &["--prog", "late", "--repeat", "0"]);
    assert!(code == 2 && error.contains("0 is not in 1.."), "{error}");
}
