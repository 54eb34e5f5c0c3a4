//! The compiler as a function from programs to bytes, which is the same on every host.
mod common;
mod compiled;

use bpf_runtime::{
    isa::{Insn, Malformed},
    jit::{Checks, Error, MAX_SLOTS, MapAddress, Options, Target, compile},
};
use common::assemble;
use compiled::random;

fn size(code: &[Insn], maps: &[MapAddress], out: &mut [u8]) -> Result<usize, Error> {
    compile(Target::X86_64, code, maps, Options { checks: Checks::All, fuel: true }, out)
}

#[test]
fn what_can_not_be_compiled_is_said() {
    let cases = [
        ("goto 7\nexit", Error::NoTarget(0)),
        ("goto -3\nexit", Error::NoTarget(0)),
        ("goto 1\nr1 = 5 ll\nexit", Error::NoTarget(0)),
        ("r1 = 5 ll\ncall pc\nexit\npc:", Error::NoTarget(2)),
        ("r1 = map[1] ll\nexit", Error::NoMap(0, 1)),
        ("exit\nr1 = map[9][0] + 4 ll", Error::NoMap(1, 9)),
        ("exit\n.insn op=0xff", Error::Malformed(1, Malformed::Opcode(0xff))),
    ];
    for (text, error) in cases {
        let map = MapAddress { handle: 1, values: 2 };
        assert_eq!(size(&assemble(text), &[map], &mut [0; 4096]), Err(error), "{text}");
    }
    assert_eq!(
        size(&vec![assemble("exit")[0]; MAX_SLOTS + 1], &[], &mut []),
        Err(Error::TooLong(MAX_SLOTS + 1))
    );
}

/// Every byte string is compiled or refused, for each machine, and takes the room that was asked for.
#[test]
fn any_bytes_are_compiled_or_refused() {
    let mut rng = random::Rng(7);
    let (mut compiled, mut out) = (0, vec![0; 1 << 16]);
    for turn in 0..20_000 {
        let mut code = if turn % 2 == 0 { random::program(&mut rng) } else { vec![] };
        let wild = (rng.next() % 12) as usize;
        for _ in 0..wild {
            let mut insn = Insn::from_bytes(rng.next().to_le_bytes());
            if rng.next() & 3 != 0 {
                // Mostly something that is known: calls and jumps over short distances.
                insn.op = [0x85, 0x8d, 0x95, 0x05, 0x06, 0x18, 0x1d, 0xdb][(rng.next() >> 9) as usize % 8];
                insn = Insn { src: (insn.src & 5) % 5, imm: insn.imm % 4, off: insn.off % 4, ..insn };
            }
            code.insert((rng.next() >> 7) as usize % (code.len() + 1), insn);
        }
        for target in [Target::X86_64, Target::Aarch64, Target::Riscv64] {
            let checks = [Checks::All, Checks::Verified][turn / 2 % 2];
            let options = Options { checks, fuel: turn / 4 % 2 == 0 };
            let map = MapAddress { handle: 1, values: 2 };
            match compile(target, &code, &[map], options, &mut []) {
                Err(Error::NoRoom(needed)) => {
                    compiled += 1;
                    assert_eq!(compile(target, &code, &[map], options, &mut out), Ok(needed));
                }
                refused => assert!(refused.is_err()),
            }
        }
    }
    assert!(compiled > 3000, "{compiled}");
}

#[test]
fn room_is_asked_for_and_no_byte_beyond_it_is_touched() {
    let code = assemble("r0 = *(u64 *)(r1 + 0)\nif r0 == 0 goto out\nr0 /= 3\nout:\nexit");
    let Err(Error::NoRoom(needed)) = size(&code, &[], &mut []) else { panic!("an empty program?") };
    let mut out = vec![0xaa; needed + 8];
    assert_eq!(size(&code, &[], &mut out[..needed - 1]), Err(Error::NoRoom(needed)));
    assert!(out[needed - 1..].iter().all(|&byte| byte == 0xaa));
    assert_eq!(size(&code, &[], &mut out[..needed]), Ok(needed));
    assert!(out[needed..].iter().all(|&byte| byte == 0xaa));
    let exact = out[..needed].to_vec();
    assert_eq!(size(&code, &[], &mut out), Ok(needed));
    assert_eq!(out[..needed], exact);
}
