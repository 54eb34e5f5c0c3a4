//! The configurations that seL4's proofs cover: the files `configs/*_verified.cmake` of seL4 16.0.0 that are 64-bit and
//! not MCS (its `CAVEATS.md` tells what the proofs leave out; <https://docs.sel4.systems/projects/sel4/verified-configurations.html> lists the same). A file's settings
//! are told here by the names under which `gen_config.json` has them.

use sel4_sys_gen::Settings;

/// A family of files: the settings that all of them make.
struct Family {
    sel4_arch: &'static str,
    /// The platforms (`PLAT`), each with its file's name.
    platforms: &'static [(&'static str, &'static str)],
    /// `on`, `off`, or a value.
    settings: &'static [(&'static str, &'static str)],
}

/// In every file, or the default that none of them changes.
const COMMON: [(&str, &str); 9] = [
    ("VERIFICATION_BUILD", "on"),
    ("DEBUG_BUILD", "off"),
    ("KERNEL_MCS", "off"),
    ("MAX_NUM_NODES", "1"),
    ("KERNEL_OPT_LEVEL", "-O2"),
    ("RETYPE_FAN_OUT_LIMIT", "256"),
    ("KERNEL_BENCHMARK", "none"),
    ("PRINTING", "off"),
    ("NUM_DOMAINS", "16"),
];

const FAMILIES: [Family; 3] = [
    Family {
        sel4_arch: "x86_64",
        platforms: &[("pc99", "X64_verified")],
        settings: &[
            ("DANGEROUS_CODE_INJECTION", "off"),
            ("FASTPATH", "on"),
            ("ROOT_CNODE_SIZE_BITS", "19"),
            ("MAX_NUM_BOOTINFO_UNTYPED_CAPS", "50"),
            ("FSGSBASE_INST", "on"),
            ("VTX", "off"),
            ("IOMMU", "off"),
        ],
    },
    Family {
        sel4_arch: "aarch64",
        platforms: &[
            ("bcm2711", "AARCH64_bcm2711_verified"),
            ("bcm2712", "AARCH64_bcm2712_verified"),
            ("hikey", "AARCH64_hikey_verified"),
            ("imx8mm-evk", "AARCH64_imx8mm_verified"),
            ("imx8mq-evk", "AARCH64_imx8mq_verified"),
            ("imx93", "AARCH64_imx93_verified"),
            ("maaxboard", "AARCH64_maaxboard_verified"),
            ("odroidc2", "AARCH64_odroidc2_verified"),
            ("odroidc4", "AARCH64_odroidc4_verified"),
            ("rockpro64", "AARCH64_rockpro64_verified"),
            ("stm32mp2", "AARCH64_stm32mp2_verified"),
            ("tqma8xqp1gb", "AARCH64_tqma_verified"),
            ("tx1", "AARCH64_tx1_verified"),
            ("tx2", "AARCH64_verified"),
            ("zynqmp", "AARCH64_zynqmp_verified"),
        ],
        settings: &[
            ("ARM_HYPERVISOR_SUPPORT", "on"),
            ("DANGEROUS_CODE_INJECTION", "off"),
            ("FASTPATH", "on"),
            ("MAX_NUM_BOOTINFO_UNTYPED_CAPS", "50"),
            ("ARM_SMMU", "off"),
            ("ALLOW_SMC_CALLS", "on"),
            // Off where a file does not say; hypOS can't do without (rules.rs).
            ("EXPORT_PCNT_USER", "off"),
            ("EXPORT_PTMR_USER", "off"),
        ],
    },
    Family {
        sel4_arch: "riscv64",
        platforms: &[
            ("ariane", "RISCV64_ariane_verified"),
            ("bananapi-f3", "RISCV64_bananapi-f3_verified"),
            ("cheshire", "RISCV64_cheshire_verified"),
            ("hifive", "RISCV64_verified"),
            ("hifive-p550", "RISCV64_hifive-p550_verified"),
            ("polarfire", "RISCV64_polarfire_verified"),
            ("rocketchip", "RISCV64_rocketchip_verified"),
            ("star64", "RISCV64_star64_verified"),
        ],
        settings: &[
            ("PT_LEVELS", "3"),
            ("BINARY_VERIFICATION_BUILD", "on"),
            ("KERNEL_OPTIMISATION_CLONE_FUNCTIONS", "off"),
            ("DANGEROUS_CODE_INJECTION", "off"),
            ("FASTPATH", "on"),
            ("ROOT_CNODE_SIZE_BITS", "19"),
            ("MAX_NUM_BOOTINFO_UNTYPED_CAPS", "50"),
            ("CLZ_NO_BUILTIN", "on"),
            ("CTZ_NO_BUILTIN", "on"),
            ("RISCV_EXT_F", "off"),
            ("RISCV_EXT_D", "off"),
        ],
    },
];

/// One line: the verified configuration that this is, or what it lacks of one.
pub fn verdict(settings: &Settings) -> String {
    let (arch, plat) = (settings.word("SEL4_ARCH").unwrap_or("?"), settings.word("PLAT").unwrap_or("?"));
    let Some(family) = FAMILIES.iter().find(|family| family.sel4_arch == arch) else {
        return format!("not verified: the proofs cover no configuration of {arch}");
    };
    let differing: Vec<_> = COMMON
        .iter()
        .chain(family.settings)
        .filter(|(name, wanted)| !is(settings, name, wanted))
        .map(|(name, wanted)| format!("{name} {wanted}"))
        .collect();
    let file = family.platforms.iter().find(|(name, _)| *name == plat).map(|(_, file)| *file);
    match (file, differing.is_empty()) {
        (Some(file), true) => {
            let fastpath = if arch == "aarch64" { "" } else { " and without the fast path" };
            format!(
                "a verified configuration: {file}.cmake; the proofs hold for an unchanged release{fastpath}"
            )
        }
        (Some(file), false) => {
            format!("not a verified configuration: {file}.cmake has {}", differing.join(", "))
        }
        (None, _) => {
            let names: Vec<_> = family.platforms.iter().map(|(name, _)| *name).collect();
            format!(
                "not a verified configuration: of {arch} the proofs cover {}, not {plat}",
                names.join(", ")
            )
        }
    }
}

fn is(settings: &Settings, name: &str, wanted: &str) -> bool {
    match wanted {
        "on" => settings.defined(name),
        "off" => !settings.defined(name),
        value => settings.word(name) == Some(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn a_verified_configuration_is_told_from_one_that_is_not() {
        let family = &FAMILIES[1];
        let mut settings: Map<String, Value> = COMMON
            .iter()
            .chain(family.settings)
            .map(|(name, value)| {
                let value = match *value {
                    "on" => Value::Bool(true),
                    "off" => Value::Bool(false),
                    value => value.into(),
                };
                (name.to_string(), value)
            })
            .collect();
        settings.insert("SEL4_ARCH".into(), "aarch64".into());
        settings.insert("PLAT".into(), "tx2".into());
        let verdict = |settings: &Map<String, Value>| {
            verdict(&Settings::parse(&Value::Object(settings.clone()).to_string()).expect("JSON"))
        };
        assert!(verdict(&settings).starts_with("a verified configuration: AARCH64_verified.cmake"));
        settings.insert("ALLOW_SMC_CALLS".into(), false.into());
        let wanted = "not a verified configuration: AARCH64_verified.cmake has ALLOW_SMC_CALLS on";
        assert_eq!(verdict(&settings), wanted);
        settings.insert("PLAT".into(), "qemu-arm-virt".into());
        assert!(verdict(&settings).ends_with("not qemu-arm-virt"));
        settings.insert("SEL4_ARCH".into(), "ia32".into());
        assert!(verdict(&settings).starts_with("not verified"));
    }
}
