//! Restarts of services, asked for by the host.
use proto::device::{ErrorCode, Request_::Body as Asked, ServiceRestartRequest};
use report::{
    Report,
    control::{Refusal, Request},
};

use super::device::{Device, name, told};

fn with_services() -> Device {
    let device = Device::new();
    let report = Report::new(device.memory.report);
    for (index, service) in ["cell", "timer"].into_iter().enumerate() {
        report.set_service(index, service, 100, 4096).unwrap();
    }
    device
}

fn restart(service: &str) -> Asked {
    Asked::ServiceRestart(ServiceRestartRequest { name: name(service) })
}

#[test]
fn the_root_task_is_asked_by_the_place_in_the_table() {
    let mut device = with_services();
    device.act(restart("timer")).unwrap();
    assert_eq!(device.board.0.borrow().asked_root, [Request::Restart { service: 1 }]);
}

#[test]
fn what_is_no_service_is_refused_with_those_that_are() {
    let mut device = with_services();
    for wrong in ["", "time", "timers"] {
        let (code, message) = told(device.act(restart(wrong)));
        assert_eq!(code, ErrorCode::NotFound);
        assert!(message.ends_with("there are: cell, timer"), "{message}");
    }
    assert!(device.board.0.borrow().asked_root.is_empty());
}

#[test]
fn a_refusal_of_the_root_task_is_passed_on() {
    let mut device = with_services();
    device.board.0.borrow_mut().root_refuses = Some(Refusal::Failed);
    let (_, message) = told(device.act(restart("cell")));
    assert_eq!(message, "cell could not be built again and stays stopped; the console says why");
    device.board.0.borrow_mut().root_refuses = Some(Refusal::Invalid);
    let (_, message) = told(device.act(restart("cell")));
    assert!(message.starts_with("the root task does not restart cell: Some(Invalid)"), "{message}");
}
