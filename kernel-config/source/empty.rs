//! Empty: the manifest beside it pins the kernel source.
