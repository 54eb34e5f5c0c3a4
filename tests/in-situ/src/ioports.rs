//! I/O port capabilities.

use sel4::init_thread::{Slot, slot};
use sel4::{CapRights, ErrorKind, Result, cap_type};
use sel4_test_harness::{Env, test};

/// Page registers of the DMA channels 2 and 3 (Intel 8237A in the PC/AT), which hold a byte each; no DMA runs.
const FIRST: u16 = 0x81;
const LAST: u16 = 0x82;

/// A capability of these ports.
pub fn issue(env: &mut Env, first: u16, last: u16) -> Result<Slot<cap_type::IOPort>> {
    let ports = env.alloc_slot::<cap_type::IOPort>();
    slot::IO_PORT_CONTROL.cap().ioport_control_issue(first, last, &ports.absolute_cptr())?;
    Ok(ports)
}

#[test]
fn a_range_refuses_what_is_outside(env: &mut Env) -> Result<()> {
    let ports = issue(env, FIRST, LAST)?;
    for value in [0x5a, 0xa5] {
        ports.cap().ioport_out8(FIRST, value)?;
        assert_eq!(ports.cap().ioport_in8(FIRST)?, value);
    }
    for port in [0, FIRST - 1, LAST + 1, 0x3f8, u16::MAX] {
        let read = ports.cap().ioport_in8(port).expect_err("outside");
        let write = ports.cap().ioport_out8(port, 0).expect_err("outside");
        assert_eq!((read.kind(), write.kind()), (ErrorKind::IllegalOperation, ErrorKind::IllegalOperation));
    }
    // The second byte of this access is outside.
    assert_eq!(ports.cap().ioport_in16(LAST).map_err(|error| error.kind()), Err(ErrorKind::IllegalOperation));
    ports.absolute_cptr().delete()
}

/// What a port's capability is copied with is a range for one kernel, and nothing for another: it widens for none.
#[test]
fn a_range_can_not_be_widened(env: &mut Env) -> Result<()> {
    let ports = issue(env, FIRST, LAST)?;
    for (first, last) in [(FIRST, LAST + 1), (FIRST - 1, LAST), (0, u16::MAX), (0, 0)] {
        let wider = env.alloc_slot::<cap_type::IOPort>();
        let badge = u64::from(first) << 16 | u64::from(last);
        if wider.absolute_cptr().mint(&ports.absolute_cptr(), CapRights::all(), badge).is_ok() {
            assert!(wider.cap().ioport_in8(LAST + 1).is_err() && wider.cap().ioport_in8(FIRST - 1).is_err());
            wider.absolute_cptr().delete()?;
        }
    }
    ports.absolute_cptr().delete()
}

#[test]
fn ports_that_were_given_back_can_be_had_again(env: &mut Env) -> Result<()> {
    let ports = issue(env, FIRST, LAST)?;
    ports.cap().ioport_in8(FIRST)?;
    ports.absolute_cptr().delete()?;
    assert!(ports.cap().ioport_in8(FIRST).is_err());
    // What was given back can be had again.
    let again = issue(env, FIRST, LAST)?;
    again.cap().ioport_in8(FIRST)?;
    again.absolute_cptr().delete()
}
