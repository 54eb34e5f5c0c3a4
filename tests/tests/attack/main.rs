//! The verifier was wrong: bytecode and machine code in cells that do what they like, on an image without a verifier
//! (`scripts/unverified.sh`). Each attack's outcome is seen, and compared with the table in `docs/threat-model.md`.

mod execution;
mod memory;
mod native;
mod order;
mod scene;
mod table;
mod time;
