//! `service`: restart.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use proto::host::{Service as ServiceInfo, ServiceRestartRequest, ServiceState, request, response};

use super::{pages, unexpected};
use crate::{
    cli::Service,
    client::{Client, Repeat},
    output::{Output, clean},
};

/// How long to wait before the device is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Carries out a command on a service.
pub fn run(client: &mut Client, command: &Service, patience: Duration, out: &mut Output<'_>) -> Result<()> {
    match command {
        Service::Restart { name } => restart(client, name, patience, out),
    }
}

/// Has a service built anew, and waits until it says that it is ready.
fn restart(client: &mut Client, name: &str, patience: Duration, out: &mut Output<'_>) -> Result<()> {
    let before = find(client, name)?.map_or(0, |service| service.restarts);
    let asked = request::Body::ServiceRestart(ServiceRestartRequest { name: name.into() });
    // Whoever asks twice restarts twice.
    match client.request(Repeat::No, &asked)? {
        response::Body::Done(_) => {}
        other => return Err(unexpected(&other)),
    }
    let end = Instant::now() + patience;
    loop {
        // The agent itself goes after its answer, and what is sent to it just then is lost: it is given the time.
        thread::sleep(PAUSE);
        let Some(service) = find(client, name)? else { bail!("{name} is gone from the list of services") };
        if service.restarts != before && service.state() == ServiceState::Running {
            return Ok(out.done(&format!("{} restarted", clean(name)))?);
        }
        if Instant::now() > end {
            let state = service.state().as_str_name().trim_start_matches("SERVICE_STATE_").to_lowercase();
            bail!("{name} was to be restarted, and is {state} after {patience:?}; see: hypctl services");
        }
    }
}

fn find(client: &mut Client, name: &str) -> Result<Option<ServiceInfo>> {
    Ok(pages::all::<ServiceInfo>(client)?.into_iter().find(|service| service.name == name))
}
