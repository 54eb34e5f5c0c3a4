//! A device for tests: memory, a board, and bundles to load.
use core::{cell::RefCell, sync::atomic::AtomicU64};
use std::{boxed::Box, format, rc::Rc, string::String, vec, vec::Vec};

use bpf_runtime::{
    bundle::{Contents, MapContents, ProgramContents},
    isa::{Insn, opcode},
    map::{MapKind, MapSpec},
};
use cell::{CELLS, ledger::Ledger};
use proto::device::{
    AttachRequest, Error, ErrorCode, LoadRequest, LoadResponse, MapDumpRequest, MapEntries, ProgramRequest,
    Request, Request_::Body as Asked, Response_::Body as Answer, Status, StatusRequest, UploadRequest,
};
use report::control;
use shm::Shm;

use crate::{
    EVENTS_OWN, EVENTS_ROOT, HOOKS, LEDGER, MAPS, RATES, TABLE,
    server::{Agent, Board, Memory},
};

/// What the board was asked for, and what it is to answer.
#[derive(Debug, Default)]
pub struct Notes {
    pub now_ns: u64,
    pub hooks_changed: Vec<u32>,
    pub asked_root: Vec<control::Request>,
    /// The root task's answer.
    pub root_refuses: Option<control::Refusal>,
    /// The root task refuses to spawn once there are so many cells.
    pub no_more_cells: Option<(usize, control::Refusal)>,
    /// Cells that were spawned and not killed.
    pub cells: Vec<u32>,
}

#[derive(Clone, Default)]
pub struct Fake(pub Rc<RefCell<Notes>>);

impl Board for Fake {
    fn now_ns(&self) -> u64 {
        self.0.borrow().now_ns
    }

    fn ticks_to_ns(&self, ticks: u64) -> u64 {
        2 * ticks
    }

    fn ask_root(&mut self, request: control::Request) -> Result<(), Option<control::Refusal>> {
        let mut notes = self.0.borrow_mut();
        notes.asked_root.push(request);
        match request {
            control::Request::Spawn { cell } if notes.cells.contains(&cell) => {
                return Err(Some(control::Refusal::Exists));
            }
            control::Request::Spawn { cell } => match notes.no_more_cells {
                Some((most, why)) if notes.cells.len() >= most => return Err(Some(why)),
                _ => notes.cells.push(cell),
            },
            control::Request::Kill { cell } => notes.cells.retain(|its| *its != cell),
            control::Request::Retain { low, .. } => notes.cells.retain(|its| low >> its & 1 != 0),
            _ => {}
        }
        notes.root_refuses.map_or(Ok(()), |refusal| Err(Some(refusal)))
    }

    fn hook_changed(&mut self, hook: u32) {
        self.0.borrow_mut().hooks_changed.push(hook);
    }
}

/// Zeroed memory, for good: a test is short.
pub fn memory(bytes: usize) -> Shm<'static> {
    let words: Vec<_> = (0..bytes / 8).map(|_| AtomicU64::new(0)).collect();
    Shm::from_words(Box::leak(words.into_boxed_slice()))
}

/// An agent with its memory and its board.
pub struct Device {
    pub agent: Agent<'static, Fake>,
    pub memory: Memory<'static>,
    pub board: Fake,
}

impl Device {
    pub fn new() -> Self {
        let memory = Memory {
            ledger: memory(LEDGER.len()),
            maps: memory(MAPS.len()),
            hooks: memory(HOOKS.len()),
            report: memory(4096),
            events_root: memory(EVENTS_ROOT.len()),
            events_own: memory(EVENTS_OWN.len()),
            table: memory(TABLE.len()),
            cells: memory(4096),
            rates: memory(RATES.len()),
            counters: core::array::from_fn(|_| memory(4096)),
        };
        Self::over(memory)
    }

    /// An agent that starts over memory that another one may have used.
    pub fn over(memory: Memory<'static>) -> Self {
        Self::on(memory, Fake::default())
    }

    /// The same with the other one's board: the root task and the cells go on.
    pub fn on(memory: Memory<'static>, board: Fake) -> Self {
        let agent = Agent::new(memory, board.clone()).unwrap();
        let mut notes = board.0.borrow_mut();
        notes.asked_root.clear();
        notes.hooks_changed.clear();
        drop(notes);
        Self { agent, memory, board }
    }

    pub fn ask(&mut self, asked: Asked) -> Answer {
        let response = self.agent.serve(&Request { seq: 5, body: Some(asked) });
        assert_eq!(response.seq, 5);
        response.body.unwrap()
    }

    /// Asks for what is to be done; an error otherwise.
    pub fn act(&mut self, asked: Asked) -> Result<(), Error> {
        match self.ask(asked) {
            Answer::Done(_) => Ok(()),
            Answer::Error(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    pub fn upload(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for (i, data) in bytes.chunks(1024).enumerate() {
            self.act(piece(i * 1024, data))?;
        }
        Ok(())
    }

    pub fn load_bytes(&mut self, bytes: &[u8]) -> Result<LoadResponse, Error> {
        self.upload(bytes)?;
        match self.ask(Asked::Load(LoadRequest { size: bytes.len() as u32 })) {
            Answer::Load(loaded) => Ok(loaded),
            Answer::Error(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    pub fn load(&mut self, contents: &Contents) -> Result<LoadResponse, Error> {
        self.load_bytes(&contents.write().unwrap())
    }

    pub fn attach(&mut self, program: &str, hook: &str, period_ns: u64) -> Result<(), Error> {
        let mut attach = AttachRequest { hook: name(hook), period_ns, ..AttachRequest::default() };
        attach.set_program(by_name(program));
        self.act(Asked::Attach(attach))
    }

    pub fn detach(&mut self, program: &str) -> Result<(), Error> {
        self.act(Asked::Detach(by_name(program)))
    }

    pub fn unload(&mut self, program: &str) -> Result<(), Error> {
        self.act(Asked::Unload(by_name(program)))
    }

    pub fn status(&mut self) -> Status {
        let Answer::Status(status) = self.ask(Asked::Status(StatusRequest {})) else { panic!("no status") };
        status
    }

    pub fn dump(&mut self, map: &str, cursor: u32) -> Result<MapEntries, Error> {
        match self.ask(Asked::MapDump(MapDumpRequest { id: 0, name: name(map), cursor })) {
            Answer::MapEntries(page) => Ok(page),
            Answer::Error(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    /// All that loading changes and a failed load must not: tables, free memory, users of maps.
    pub fn snapshot(&self) -> String {
        let ledger = Ledger(self.memory.ledger);
        let slots: Vec<_> = (0..CELLS).map(|slot| ledger.program(slot)).collect();
        let maps: Vec<_> = (0..cell::ledger::MAPS).map(|place| ledger.map(place)).collect();
        format!(
            "{slots:?} {maps:?} {:?} {:?} {:?} {:?} {:?}",
            self.board.0.borrow().cells,
            self.agent.programs,
            self.agent.maps,
            self.agent.code_pages,
            self.agent.map_pages
        )
    }
}

pub fn name(text: &str) -> heapless::String<32> {
    text.try_into().unwrap()
}

pub fn by_name(program: &str) -> ProgramRequest {
    ProgramRequest { id: 0, name: name(program) }
}

pub fn piece(offset: usize, data: &[u8]) -> Asked {
    Asked::Upload(UploadRequest { offset: offset as u32, data: data.try_into().unwrap() })
}

/// Code and text of an error, to be compared at once.
pub fn told<T: core::fmt::Debug>(result: Result<T, Error>) -> (ErrorCode, String) {
    let error = result.unwrap_err();
    (error.code, error.message.as_str().into())
}

/// `r0 = 0` again and again, then `exit`: a program of so many instructions.
pub fn code(insns: usize) -> Vec<Insn> {
    let mut code = vec![Insn { op: opcode::ALU64 | 0xb0, ..Insn::default() }; insns - 1];
    code.push(Insn { op: opcode::EXIT, ..Insn::default() });
    code
}

pub fn program(name: &str, hook: &str, code: Vec<Insn>) -> ProgramContents {
    ProgramContents { name: name.into(), hook: hook.into(), code, ..ProgramContents::default() }
}

/// A bundle of tiny programs of the hook `timer` with these names.
pub fn tiny(names: &[&str]) -> Contents {
    let programs = names.iter().map(|name| program(name, "timer", code(2))).collect();
    Contents { name: "test".into(), programs, ..Contents::default() }
}

pub fn spec(kind: MapKind, key_size: u32, value_size: u32, max_entries: u32) -> MapSpec {
    MapSpec { kind, key_size, value_size, max_entries, flags: 0 }
}

pub fn array(name: &str, value_size: u32, max_entries: u32) -> MapContents {
    map(name, spec(MapKind::Array, 4, value_size, max_entries))
}

pub fn map(name: &str, spec: MapSpec) -> MapContents {
    MapContents { name: name.into(), spec, initial: vec![] }
}
