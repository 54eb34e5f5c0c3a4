//! The verifier was wrong: bytecode and machine code in cells that do what they like, on an image without a verifier
//! (`scripts/unverified.sh`). Each attack's outcome is seen, and compared with the table in `docs/threat-model.md`.

mod bytecode;
mod calls;
mod execution;
mod machine;
mod maps;
mod memory;
mod messages;
mod native;
mod order;
mod outcome;
mod product;
mod run;
mod scene;
mod sweep;
mod table;
mod time;
