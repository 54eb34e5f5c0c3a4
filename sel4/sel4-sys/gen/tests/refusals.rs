//! Prefixes that are not what they should be.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A prefix with just these files.
fn prefix(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn error(prefix: &Path) -> String {
    format!("{:#}", sel4_sys_gen::generate(prefix).err().expect("refused"))
}

const SETTINGS: (&str, &str) =
    ("libsel4/include/kernel/gen_config.json", r#"{"SEL4_ARCH": "x86_64", "WORD_SIZE": "64"}"#);

#[test]
fn a_folder_that_is_no_prefix() {
    let folder = prefix(&[]);
    assert!(error(folder.path()).contains("is SEL4_PREFIX the folder of a built kernel?"));
}

#[test]
fn settings_that_are_no_json() {
    let folder = prefix(&[(SETTINGS.0, "#define X")]);
    assert!(error(folder.path()).contains("gen_config.json: not a JSON object"));
}

#[test]
fn a_kernel_that_has_no_dialect() {
    let folder = prefix(&[SETTINGS, ("VERSION", "4.0.0\n")]);
    assert!(error(folder.path()).contains("seL4 4.0.0 can't be used, only 5.0.0 and 13 to 16"));
    let folder = prefix(&[SETTINGS, ("VERSION", "17.0.0\n")]);
    assert!(error(folder.path()).contains("seL4 17.0.0 can't be used"));
}

#[test]
fn another_interface() {
    let folder = prefix(&[(SETTINGS.0, r#"{"SEL4_ARCH": "x86_64", "WORD_SIZE": "64", "KERNEL_MCS": true}"#)]);
    assert!(error(folder.path()).contains("KernelIsMCS OFF"));
}

#[test]
fn a_prefix_that_lacks_a_file() {
    let folder = prefix(&[SETTINGS, ("VERSION", "5.0.0\n")]);
    assert!(error(folder.path()).contains("sel4/errors.h"));
    let folder = prefix(&[SETTINGS, ("VERSION", "16.0.0\n"), ("libsel4/include/sel4/errors.h", "")]);
    assert!(error(folder.path()).contains("sel4/constants.h"));
}
