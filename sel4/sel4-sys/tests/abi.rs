//! What was generated, against what is known of the kernel's binary interface.

use sel4_sys::{
    config, invocation_label, seL4_BadgeBits, seL4_CapData, seL4_CapRights, seL4_Fault_VMFault,
    seL4_MessageInfo, seL4_NotEnoughMemory, seL4_PrioProps, seL4_UserContext, syscall_id,
};

#[test]
fn labels_count_through_the_three_files() {
    use invocation_label as label;
    assert_eq!((label::UntypedRetype, label::TCBConfigure, label::CNodeRevoke), (1, 5, 14));
    assert_eq!((label::DomainSetSet, label::X86PDPTMap, label::X86PageDirectoryMap), (27, 28, 30));
    assert_eq!((label::X86PageMap, label::X86IOPortOut32), (37, 49));
    assert_eq!(label::X86IRQIssueIRQHandlerMSI, 51);
}

#[test]
fn system_calls_count_down() {
    assert_eq!((syscall_id::Call, syscall_id::ReplyRecv, syscall_id::NBRecv), (-1, -2, -8));
    assert_eq!(syscall_id::VMEnter, None);
    assert!(syscall_id::DebugPutChar.is_none_or(|number| number == -9));
}

#[test]
fn bitfields_are_where_the_kernel_looks() {
    let info = seL4_MessageInfo::new(0xf_ffff, 7, 3, 120);
    assert_eq!(info.0[0], (0xf_ffff << 12) | (7 << 9) | (3 << 7) | 0x78);
    assert_eq!((info.get_label(), info.get_length(), info.get_extraCaps()), (0xf_ffff, 120, 3));
    assert_eq!(seL4_CapRights::new(1, 0, 1).0[0], 0b101);
    assert_eq!(seL4_PrioProps::new(254, 0x64).0[0], 254 << 8 | 0x64);
    assert_eq!(seL4_CapData::Guard_new(0x3ff, 52).0[0] & 0x7fff_ffff, 0x3ff << 8 | 52 << 2);
    assert_eq!(seL4_BadgeBits, 28);
    let mut info = info;
    info.set_length(1);
    assert_eq!((info.get_label(), info.get_length()), (0xf_ffff, 1));
}

#[test]
fn constants_and_structures() {
    assert_eq!((seL4_NotEnoughMemory, seL4_Fault_VMFault), (10, 5));
    assert_eq!(config::RETYPE_FAN_OUT_LIMIT, 256);
    let context = seL4_UserContext { rip: 1, tls_base: 2, ..seL4_UserContext::default() };
    assert_eq!((context.words().len(), context.words()[0], context.words()[18]), (19, 1, 2));
}
