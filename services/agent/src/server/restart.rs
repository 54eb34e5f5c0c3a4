//! Restarting a service at the host's wish: the root task does it.

use proto::device::{Error, ErrorCode, ServiceRestartRequest};
use report::control::{Refusal, Request};

use super::{
    Agent, Board,
    show::unreadable,
    state::{cut_into, refusal},
};

impl<B: Board> Agent<'_, B> {
    pub(crate) fn restart_service(&mut self, asked: &ServiceRestartRequest) -> Result<(), Error> {
        let count = self.report.summary().map_err(unreadable)?.services;
        let mut names = heapless::String::<400>::new();
        for service in 0..count {
            let entry = self.report.service(service).map_err(unreadable)?;
            if entry.name.as_str() == asked.name {
                let request = Request::Restart { service: service as u32 };
                return self.board.ask_root(request).map_err(|why| refused(&asked.name, why));
            }
            cut_into(
                &mut names,
                format_args!("{}{}", if service == 0 { "" } else { ", " }, entry.name.as_str()),
            );
        }
        Err(refusal(ErrorCode::NotFound, format_args!("no service {}; there are: {names}", asked.name)))
    }
}

fn refused(name: &str, why: Option<Refusal>) -> Error {
    match why {
        Some(Refusal::Failed) => refusal(
            ErrorCode::Unspecified,
            format_args!("{name} could not be built again and stays stopped; the console says why"),
        ),
        why => refusal(
            ErrorCode::Unspecified,
            format_args!("the root task does not restart {name}: {why:?}; please report this"),
        ),
    }
}
