//! From a request to its response.

use proto::device::{
    Done, Error, ErrorCode, Request, Request_::Body as Asked, Response, Response_::Body as Answer,
    UploadRequest,
};

use super::{Agent, Board, state::refusal};

impl<B: Board> Agent<'_, B> {
    /// Answers a request. Whatever is wrong with it is in the answer; the device goes on.
    pub fn serve(&mut self, request: &Request) -> Response {
        self.frames_ok += 1;
        let answer = match &request.body {
            Some(asked) => {
                let change = self.change(asked);
                let answer = self.answer(asked);
                self.note(change, &answer);
                answer
            }
            None => Err(refusal(
                ErrorCode::Unsupported,
                format_args!("this device does not know the request; is hypctl newer than it?"),
            )),
        };
        Response { seq: request.seq, body: Some(answer.unwrap_or_else(Answer::Error)) }
    }

    fn answer(&mut self, asked: &Asked) -> Result<Answer, Error> {
        let done = |()| Answer::Done(Done {});
        match asked {
            Asked::Status(_) => self.status().map(Answer::Status),
            Asked::Upload(piece) => self.upload(piece).map(done),
            Asked::Load(load) => self.load(load.size as usize).map(Answer::Load),
            Asked::Replace(replace) => self.replace(replace).map(Answer::Load),
            Asked::Attach(attach) => self.attach(attach).map(done),
            Asked::Detach(program) => self.detach(program).map(done),
            Asked::Unload(program) => self.unload(program).map(done),
            Asked::Programs(page) => Ok(Answer::Programs(self.list_programs(page.next))),
            Asked::Maps(page) => Ok(Answer::Maps(self.list_maps(page.next))),
            Asked::Attachments(page) => Ok(Answer::Attachments(self.list_attachments(page.next))),
            Asked::MapDump(dump) => self.dump(dump).map(Answer::MapEntries),
            Asked::MapLookup(asked) => self.lookup(asked).map(Answer::MapEntries),
            Asked::MapUpdate(asked) => self.update(asked).map(done),
            Asked::MapDelete(asked) => self.delete(asked).map(done),
            Asked::Trace(trace) => Ok(Answer::Trace(self.take_trace(trace.most as usize))),
            Asked::Services(page) => self.list_services(page.next).map(Answer::Services),
            Asked::Events(asked) => Ok(Answer::Events(self.list_events(asked))),
            Asked::ServiceRestart(asked) => self.restart_service(asked).map(done),
            Asked::Caps(page) => self.list_caps(page.next).map(Answer::Caps),
        }
    }

    /// Takes a piece of a bundle. Pieces come in order: a gap would leave bytes of an earlier bundle in it.
    fn upload(&mut self, piece: &UploadRequest) -> Result<(), Error> {
        let (start, end) = (piece.offset as usize, piece.offset as usize + piece.data.len());
        if start > self.staged {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("piece at {start} without the bytes from {}; upload from 0", self.staged),
            ));
        }
        let Some(place) = self.staging.get_mut(start..end) else {
            return Err(refusal(
                ErrorCode::Invalid,
                format_args!("a bundle has {} bytes at most, this one has {end}", self.staging.len()),
            ));
        };
        place.copy_from_slice(&piece.data);
        self.staged = end;
        Ok(())
    }
}
