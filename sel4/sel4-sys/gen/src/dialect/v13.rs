//! seL4 13.0.0 and later, as its own installation writes it.

use super::interface::Files;
use crate::model::Api;

pub const FILES: Files = Files {
    bitfields: &["sel4/shared_types.pbf", "sel4/sel4_arch/types.pbf"],
    headers: &[
        "sel4/errors.h",
        "sel4/constants.h",
        "sel4/arch/constants.h",
        "sel4/sel4_arch/constants.h",
        "sel4/plat/api/constants.h",
        "sel4/objecttype.h",
        "sel4/sel4_arch/objecttype.h",
        "sel4/arch/objecttype.h",
        "sel4/bootinfo_types.h",
        "sel4/shared_types.h",
        "sel4/mode/types.h",
        "sel4/types.h",
        "sel4/arch/types.h",
    ],
};

/// No installed file says the version, but the interface grew with each (`CHANGES.md` of seL4).
pub fn version(api: &Api) -> &'static str {
    let constant = |name: &str| api.constants.iter().any(|(known, _)| known == name);
    let method = |id: &str| api.methods.iter().any(|method| method.id == id);
    if constant("seL4_UserVSpaceTop") {
        "16"
    } else if method("DomainScheduleConfigure") {
        "15"
    } else if method("TCBSetFlags") {
        "14"
    } else {
        "13"
    }
}
