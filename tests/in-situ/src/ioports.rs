//! I/O port capabilities.

use sel4::init_thread::{Slot, slot};
use sel4::{CapRights, ErrorKind, Result, cap_type, io_port_badge};
use sel4_test_harness::{Env, test};

/// The RTC's index and data ports, which can be read at no cost.
const INDEX: u16 = 0x70;
const DATA: u16 = 0x71;

fn narrow(
    env: &mut Env,
    from: Slot<cap_type::IOPort>,
    first: u16,
    last: u16,
) -> Result<Slot<cap_type::IOPort>> {
    let narrowed = env.alloc_slot::<cap_type::IOPort>();
    let badge = io_port_badge(first, last);
    narrowed.absolute_cptr().mint(&from.absolute_cptr(), CapRights::all(), badge)?;
    Ok(narrowed)
}

#[test]
fn a_narrowed_range_refuses_what_is_outside(env: &mut Env) -> Result<()> {
    let ports = narrow(env, slot::IO_PORT, INDEX, DATA)?;
    ports.cap().ioport_out8(INDEX, 0x0d)?;
    // Bit 7 of register D: the RTC has power.
    assert_eq!(ports.cap().ioport_in8(DATA)? & 0x80, 0x80);
    for port in [0, INDEX - 1, DATA + 1, 0x3f8, u16::MAX] {
        let read = ports.cap().ioport_in8(port).expect_err("outside");
        let write = ports.cap().ioport_out8(port, 0).expect_err("outside");
        assert_eq!((read.kind(), write.kind()), (ErrorKind::IllegalOperation, ErrorKind::IllegalOperation));
    }
    // The second byte of this access is outside.
    assert_eq!(ports.cap().ioport_in16(DATA).map_err(|error| error.kind()), Err(ErrorKind::IllegalOperation));
    ports.absolute_cptr().delete()
}

#[test]
fn a_range_can_not_be_widened(env: &mut Env) -> Result<()> {
    let ports = narrow(env, slot::IO_PORT, INDEX, DATA)?;
    assert!(narrow(env, ports, INDEX, DATA + 1).is_err());
    assert!(narrow(env, ports, INDEX - 1, DATA).is_err());
    let one = narrow(env, ports, DATA, DATA)?;
    assert!(one.cap().ioport_out8(INDEX, 0).is_err());
    // A narrowed capability has no children: what was narrowed further is its sibling, below all ports.
    ports.absolute_cptr().revoke()?;
    one.cap().ioport_in8(DATA)?;
    slot::IO_PORT.absolute_cptr().revoke()?;
    assert!(one.cap().ioport_in8(DATA).is_err() && ports.cap().ioport_in8(DATA).is_err());
    slot::IO_PORT.cap().ioport_in8(DATA).map(drop)
}
