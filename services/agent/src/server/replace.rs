//! Replacing a program by another one, between two events.

use proto::device::{Error, ErrorCode, LoadResponse, ReplaceRequest};
use report::control::Request;

use super::{
    Agent, Board,
    load::{parse, verify},
    state::refusal,
};

impl<B: Board> Agent<'_, B> {
    /// Loads the bundle in the staging memory, which has one program, in place of a loaded one: it takes over its
    /// attachment, and the maps of the same name and description. The event after this one's answer, or even before, is
    /// the new program's; none is lost, none is seen by both.
    pub(crate) fn replace(&mut self, request: &ReplaceRequest) -> Result<LoadResponse, Error> {
        let old = self.find(request.program().unwrap_or(&proto::device::ProgramRequest::default()))?;
        self.staged(request.size as usize, |agent, bytes| agent.replace_by(old, bytes))
    }

    fn replace_by(&mut self, old: usize, bytes: &[u8]) -> Result<LoadResponse, Error> {
        let bundle = parse(bytes)?;
        let mut programs = bundle.programs();
        let (Some(program), None) = (programs.next(), programs.next()) else {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("a program is replaced by a bundle of one program; name one with --prog"),
            ));
        };
        let verified = verify(&bundle, program)?;
        let Some(replaced) = &self.programs[old] else {
            return Err(refusal(ErrorCode::NotFound, format_args!("the program is gone")));
        };
        if replaced.hook != verified.hook {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!(
                    "{} is made for the hook {}, {} for {}; unload the old one, then load",
                    verified.program.name, verified.hook.name, replaced.name, replaced.hook.name
                ),
            ));
        }
        let other = |(slot, p): (usize, &Option<super::state::Program>)| {
            slot != old && p.as_ref().is_some_and(|p| p.name == verified.program.name)
        };
        if self.programs.iter().enumerate().any(other) {
            return Err(refusal(
                ErrorCode::Exists,
                format_args!("another program {} is loaded already", verified.program.name),
            ));
        }
        let maps = self.make_maps(&bundle, Some(old))?;
        let new = self.place(&verified, &maps).inspect_err(|_| self.drop_unused_maps())?;
        if let Err(error) = self.swap(old, new) {
            self.remove(new);
            return Err(error);
        }
        self.remove(old);
        let mut response = LoadResponse::default();
        let _ = response.programs.push(self.loaded(new));
        Ok(response)
    }

    /// The attachment of `old`, if it has one, becomes that of `new`.
    fn swap(&mut self, old: usize, new: usize) -> Result<(), Error> {
        let Some((number, place, _)) = self.attachments(old).next() else { return Ok(()) };
        let attach = Request::Attach { cell: new as u32, hook: number, place: place as u32 };
        self.board.ask_root(attach).map_err(|why| {
            refusal(ErrorCode::Unspecified, format_args!("the hook can't be given the new program: {why:?}"))
        })?;
        for (_, page) in self.hooks.iter().filter(|(hook, _)| *hook == number) {
            page.replace(place, new as u32);
        }
        self.board.hook_changed(number);
        Ok(())
    }
}
