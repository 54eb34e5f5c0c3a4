//! What `service restart` asks the device, and when it says that it is done.

mod common;
#[path = "common/fake.rs"]
mod fake;

use fake::{Fake, Reply, err, greeting, json, ok};
use proto::host::{
    Done, Error, ErrorCode, Service, ServiceRestartRequest, ServiceState, Services, request, response::Body,
};

fn timer(restarts: u32, state: ServiceState) -> Body {
    let timer = Service { name: "timer".into(), restarts, state: state.into(), ..Service::default() };
    Body::Services(Services { services: vec![timer], next: 0 })
}

/// A device whose timer is ready again when its list is asked for the `ready`-th time after the restart.
fn restarting(ready: usize) -> Fake {
    Fake::new(move |n, body| {
        Reply::Answer(match body {
            _ if n == 0 => greeting(),
            request::Body::ServiceRestart(_) => Body::Done(Done {}),
            // n is 0 for the greeting, 1 for the first list, 2 for the restart.
            _ if n == 1 => timer(4, ServiceState::Running),
            _ if n < 2 + ready => timer(5, ServiceState::Starting),
            _ => timer(5, ServiceState::Running),
        })
    })
}

#[test]
fn a_service_is_restarted_once_and_waited_for() {
    let device = restarting(3);
    assert_eq!(ok(&device, &["service", "restart", "timer"]), "timer restarted\n");
    let asked: Vec<_> =
        device.bodies().into_iter().filter(|b| !matches!(b, request::Body::Services(_))).collect();
    assert_eq!(asked, [request::Body::ServiceRestart(ServiceRestartRequest { name: "timer".into() })]);
    assert_eq!(device.bodies().len(), 5, "one list before, one request, three lists");
    assert_eq!(json(&restarting(1), &["service", "restart", "timer"])["done"], "timer restarted");
}

#[test]
fn a_service_that_does_not_come_back_is_an_error() {
    let said = err(&restarting(usize::MAX - 2), &["--timeout", "100ms", "service", "restart", "timer"]);
    assert_eq!(
        said,
        "hypctl: timer was to be restarted, and is starting after 100ms; see: hypctl services\n"
    );
}

#[test]
fn a_refusal_is_shown() {
    let message = "no service tim; there are: timer";
    let device = Fake::new(move |n, body| {
        Reply::Answer(match body {
            _ if n == 0 => greeting(),
            request::Body::ServiceRestart(_) => {
                Body::Error(Error { code: ErrorCode::NotFound.into(), message: message.into() })
            }
            _ => timer(0, ServiceState::Running),
        })
    });
    assert_eq!(err(&device, &["service", "restart", "tim"]), format!("hypctl: {message}\n"));
}
