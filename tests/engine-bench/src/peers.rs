//! The other engines behind one interface. Their memory is lent as raw parts: their interfaces keep it for the
//! lifetime of the virtual machine.
use std::{collections::HashMap, ptr, sync::Arc};

use anyhow::{Result, anyhow};
use bpf_runtime::isa::{Insn, opcode};
use solana_sbpf::{
    ebpf,
    elf::Executable,
    error::ProgramResult,
    memory_region::{MemoryMapping, MemoryRegion},
    program::{BuiltinFunctionDefinition, BuiltinProgram, FunctionRegistry, SBPFVersion},
    vm::{CallFrame, Config, ContextObject, EbpfVm, ExecutionMode},
};

use crate::kernels::KNOWN;

/// A value of the peers' map: packets and bytes.
type Value = [u64; 2];

/// The map that the peers' helper looks into: the standard library's, as their users would write it.
pub type Table = HashMap<u32, Box<Value>>;

pub fn table() -> Table {
    (0..64).map(|n| (KNOWN + (n << 24), Box::new([0; 2]))).collect()
}

/// Peers know no `lddw` of maps: they get the map's number.
pub fn bytes(code: &[Insn]) -> Vec<u8> {
    let plain = |insn: &Insn| if insn.is_lddw() { Insn { src: 0, ..*insn } } else { *insn };
    code.iter().flat_map(|insn| plain(insn).to_bytes()).collect()
}

thread_local! {
    static TABLE: std::cell::RefCell<Table> = std::cell::RefCell::new(table());
}

fn find(key: u32) -> u64 {
    TABLE.with_borrow_mut(|table| {
        table.get_mut(&key).map_or(0, |value| value.as_mut_ptr().expose_provenance() as u64)
    })
}

/// rbpf hands out and takes host addresses.
fn rbpf_lookup(_: u64, key: u64, _: u64, _: u64, _: u64) -> u64 {
    // SAFETY: the kernel passes the address of 4 bytes on its stack.
    find(unsafe { ptr::with_exposed_provenance::<u32>(key as usize).read_unaligned() })
}

/// rbpf's interpreter, and its JIT if `jit`.
pub struct Rbpf<'p> {
    vm: rbpf::EbpfVmRaw<'p>,
    jit: bool,
}

impl<'p> Rbpf<'p> {
    pub fn new(code: &'p [u8], jit: bool) -> Result<Self> {
        let mut vm = rbpf::EbpfVmRaw::new(Some(code))?;
        vm.register_helper(1, rbpf_lookup)?;
        TABLE.with_borrow_mut(|table| {
            for value in table.values_mut() {
                let start = value.as_mut_ptr().expose_provenance() as u64;
                vm.register_allowed_memory(start..start + size_of::<Value>() as u64);
            }
        });
        if jit {
            vm.jit_compile()?;
        }
        Ok(Self { vm, jit })
    }

    /// Compiles the program (again).
    pub fn compile(&mut self) -> Result<()> {
        Ok(self.vm.jit_compile()?)
    }

    pub fn run(&self, memory: &mut [u8]) -> Result<u64> {
        // SAFETY: the virtual machine uses the memory during the call only, whatever lifetime it asks for.
        let memory = unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr(), memory.len()) };
        if self.jit {
            // SAFETY: the kernels stay inside their memory: the interpreters ran them before.
            Ok(unsafe { self.vm.execute_program_jit(memory) }?)
        } else {
            Ok(self.vm.execute_program(memory)?)
        }
    }
}

/// Where solana's programs see the table's values.
const VALUES: u64 = ebpf::MM_HEAP_START;

struct Context {
    mapping: MemoryMapping,
    left: u64,
    values: HashMap<u32, u64>,
}

impl ContextObject for Context {
    fn consume(&mut self, amount: u64) {
        self.left = self.left.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.left
    }

    fn active_mapping_ptr(&mut self) -> ptr::NonNull<MemoryMapping> {
        ptr::NonNull::from_mut(&mut self.mapping)
    }
}

struct MapLookup;

impl BuiltinFunctionDefinition<Context> for MapLookup {
    type Error = std::io::Error;

    fn rust(vm: &mut Context, _: u64, key: u64, _: u64, _: u64, _: u64) -> Result<u64, Self::Error> {
        let key: u32 = match vm.mapping.load::<u32>(key) {
            ProgramResult::Ok(key) => key as u32,
            ProgramResult::Err(error) => return Err(std::io::Error::other(error.to_string())),
        };
        Ok(vm.values.get(&key).map_or(0, |at| VALUES + at))
    }
}

/// solana-sbpf's interpreter, with its default settings.
pub struct Solana {
    executable: Executable<Context>,
    context: Context,
    stack_bytes: usize,
    frames: Vec<CallFrame>,
}

impl Solana {
    /// The regions are mapped once: `memory` is the one that all runs use.
    pub fn new(code: &[u8], memory: &'static mut [u8]) -> Result<Self> {
        let config = Config { enabled_sbpf_versions: SBPFVersion::V0..=SBPFVersion::V0, ..Config::default() };
        let mut loader = BuiltinProgram::new_loader(config);
        MapLookup::register(&mut loader, "map_lookup_elem").map_err(|error| anyhow!("{error}"))?;
        let mut functions = FunctionRegistry::default();
        let mut code = code.to_vec();
        for (at, slot) in code.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let insn = Insn::from_bytes(*slot);
            let imm = match (insn.op, insn.src) {
                (opcode::CALL, 0) => ebpf::hash_symbol_name(b"map_lookup_elem") as i32,
                (opcode::CALL, _) => {
                    // The first format knows functions by a key; the slot will do.
                    let target = at as i32 + 1 + insn.imm;
                    functions
                        .register_function(target as u32, format!("f{target}"), target as usize)
                        .map_err(|error| anyhow!("{error}"))?;
                    target
                }
                _ => continue,
            };
            *slot = Insn { src: 0, imm, ..insn }.to_bytes();
        }
        let executable = Executable::from_text_bytes(&code, Arc::new(loader), SBPFVersion::V0, functions)
            .map_err(|error| anyhow!("{error}"))?;
        let config = executable.get_config();
        let values: HashMap<u32, u64> =
            table().keys().copied().zip((0..).step_by(size_of::<Value>())).collect();
        let stack = vec![0_u8; config.stack_frame_size * config.max_call_depth * 2].leak();
        let stack_bytes = stack.len();
        let gap = if config.enable_stack_frame_gaps { config.stack_frame_size as u64 } else { 0 };
        let regions = vec![
            MemoryRegion::new_gapped(ptr::from_mut(stack), ebpf::MM_STACK_START, gap),
            MemoryRegion::new(ptr::from_mut(vec![0_u8; values.len() * size_of::<Value>()].leak()), VALUES),
            MemoryRegion::new(ptr::from_mut(memory), ebpf::MM_INPUT_START),
        ];
        // SAFETY: the regions are leaked: they live as long as the process, and hold bytes.
        let mapping = unsafe { MemoryMapping::new(regions, config, SBPFVersion::V0) }
            .map_err(|error| anyhow!("{error}"))?;
        let frames = vec![CallFrame::default(); config.max_call_depth];
        Ok(Self { executable, context: Context { mapping, left: 0, values }, stack_bytes, frames })
    }

    /// Compiles the program (again).
    pub fn compile(&mut self) -> Result<()> {
        self.executable.jit_compile().map_err(|error| anyhow!("{error}"))
    }

    pub fn run(&mut self) -> Result<u64> {
        self.context.left = u64::MAX / 2;
        let loader = self.executable.get_loader().clone();
        let mut vm = EbpfVm::new(loader, SBPFVersion::V0, &mut self.context, self.stack_bytes);
        vm.registers[1] = ebpf::MM_INPUT_START;
        match vm.execute_program(&self.executable, &mut ExecutionMode::Interpreted, &mut self.frames).1 {
            ProgramResult::Ok(r0) => Ok(r0),
            ProgramResult::Err(error) => Err(anyhow!("solana-sbpf: {error}")),
        }
    }
}
