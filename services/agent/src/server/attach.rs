//! Attaching to hooks and detaching: an entry in the page of the hook's owner, from one event to the next.

use bpf_runtime::hook;
use proto::device::{AttachRequest, Error, ErrorCode, ProgramRequest};
use report::control::Request;

use super::{Agent, Board, state::refusal};

/// Longest period: a day.
const MAX_PERIOD_NS: u64 = 86_400_000_000_000;

impl<B: Board> Agent<'_, B> {
    pub(crate) fn attach(&mut self, request: &AttachRequest) -> Result<(), Error> {
        let slot = self.find(request.program().unwrap_or(&ProgramRequest::default()))?;
        let Some(program) = &self.programs[slot] else { return Err(internal()) };
        let on_device = |hook: &&hook::Hook| hook.on_device && hook.name == request.hook;
        let Some(wanted) = hook::HOOKS.iter().find(on_device) else {
            return Err(refusal(
                ErrorCode::NotFound,
                format_args!("no hook {}; there are: {}", request.hook, HookNames),
            ));
        };
        if program.hook != wanted {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!(
                    "{} is made for the hook {}, not {}",
                    program.name, program.hook.name, wanted.name
                ),
            ));
        }
        if wanted.name == "timer"
            && !(timer::queue::MIN_PERIOD_NS..=MAX_PERIOD_NS).contains(&request.period_ns)
        {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("the hook timer takes a period of 100us to 24h, e.g. --period 10ms"),
            ));
        }
        if wanted.name != "timer" && request.period_ns != 0 {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("the hook {} takes no period", wanted.name),
            ));
        }
        self.require_alive(slot, program)?;
        if self.attachments(slot).next().is_some() {
            return Err(refusal(
                ErrorCode::Exists,
                format_args!("{} is attached already; detach it first", program.name),
            ));
        }
        let Some((number, page)) = self.hooks.iter().find(|(number, _)| *number == wanted.number) else {
            return Err(internal());
        };
        let Some(place) = page.free_place() else {
            return Err(refusal(
                ErrorCode::NoMemory,
                format_args!("the hook {} has no more room; detach a program first", wanted.name),
            ));
        };
        // First the endpoint, then the word that has it called.
        let attach = Request::Attach { cell: slot as u32, hook: *number, place: place as u32 };
        self.board.ask_root(attach).map_err(|why| {
            refusal(
                ErrorCode::Unspecified,
                format_args!("{} can't be attached: {why:?}; see: events", program.name),
            )
        })?;
        page.attach(place, slot as u32, request.period_ns);
        self.board.hook_changed(*number);
        Ok(())
    }

    pub(crate) fn detach(&mut self, request: &ProgramRequest) -> Result<(), Error> {
        let slot = self.find(request)?;
        let Some((number, place, _)) = self.attachments(slot).next() else {
            let name = self.programs[slot].as_ref().map_or("", |p| p.name.as_str());
            return Err(refusal(ErrorCode::NotFound, format_args!("{name} is not attached")));
        };
        self.take_off(number, place);
        Ok(())
    }

    /// Empties a place of a hook.
    pub(crate) fn take_off(&mut self, number: u32, place: usize) {
        for (_, page) in self.hooks.iter().filter(|(hook, _)| *hook == number) {
            page.detach(place);
        }
        let _ = self.board.ask_root(Request::Detach { hook: number, place: place as u32 });
        self.board.hook_changed(number);
    }
}

fn internal() -> Error {
    refusal(ErrorCode::Unspecified, format_args!("the agent's tables disagree; please report this"))
}

/// The names of all hooks, for a refusal.
pub(crate) struct HookNames;

impl core::fmt::Display for HookNames {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (i, hook) in hook::HOOKS.iter().filter(|hook| hook.on_device).enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, hook.name)?;
        }
        Ok(())
    }
}
