//! What is shipped verifies: nothing of the image for attack tests is in it.

use std::fs;

use anyhow::{Result, ensure};
use hypos_tests::tools;

use crate::scene;

/// In the console's warning and in the version.
const MARK: &[u8] = b"UNVERIFIED";

#[test]
fn the_product_does_not_contain_it() -> Result<()> {
    let marked = |image: &std::path::Path| {
        let mut marked = false;
        for file in tools::image_files(image)? {
            marked |= fs::read(file)?.windows(MARK.len()).any(|bytes| bytes == MARK);
        }
        anyhow::Ok(marked)
    };
    ensure!(!marked(&tools::images())?, "the product's image believes programs: run scripts/build.sh");
    ensure!(marked(&scene::images())?, "the image for attack tests does not say what it is");
    Ok(())
}
