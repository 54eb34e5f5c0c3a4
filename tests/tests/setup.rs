//! What the scripts say when something is missing, and what they do when nothing is.
