//! seL4 5.0.0, as kernel-config writes it.

use super::interface::Files;

pub const FILES: Files = Files {
    bitfields: &["sel4/types.pbf", "sel4/shared_types.pbf", "sel4/sel4_arch/types.pbf"],
    headers: &[
        "sel4/errors.h",
        "sel4/constants.h",
        "sel4/sel4_arch/constants.h",
        "sel4/objecttype.h",
        "sel4/sel4_arch/objecttype.h",
        "sel4/arch/objecttype.h",
        "sel4/bootinfo_types.h",
        "sel4/shared_types.h",
        "sel4/types.h",
        "sel4/arch/types.h",
    ],
};
