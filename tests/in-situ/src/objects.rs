//! Making objects.

use sel4::init_thread::slot;
use sel4::{
    ErrorKind, FrameObjectType, ObjectBlueprint, RETYPE_FAN_OUT_LIMIT, Result, TranslationTableObjectType,
    cap_type, vspace_levels,
};
use sel4_test_harness::{Env, test};

/// Every type: the page tables of all levels, the top one first.
fn all() -> impl Iterator<Item = ObjectBlueprint> {
    let tables = (0..vspace_levels::NUM_LEVELS).filter_map(TranslationTableObjectType::from_level);
    let others = [
        ObjectBlueprint::Untyped { size_bits: 8 },
        ObjectBlueprint::Endpoint,
        ObjectBlueprint::Notification,
        ObjectBlueprint::Tcb,
        ObjectBlueprint::CNode { size_bits: 5 },
        FrameObjectType::GRANULE.blueprint(),
    ];
    others.into_iter().chain(tables.map(TranslationTableObjectType::blueprint))
}

#[test]
fn every_type_can_be_made(env: &mut Env) -> Result<()> {
    all().try_for_each(|blueprint| env.alloc_object::<cap_type::Unspecified>(&blueprint).map(drop))
}

/// An object takes what the bindings say: in memory of just that size, one fits and a second one does not.
#[test]
fn every_type_has_its_size(env: &mut Env) -> Result<()> {
    let root = slot::CNODE.cap().absolute_self();
    for blueprint in all() {
        let memory = ObjectBlueprint::Untyped { size_bits: blueprint.physical_size_bits() };
        let memory = env.alloc_object::<cap_type::Untyped>(&memory)?;
        let (first, second) = (env.alloc_slot::<cap_type::Null>(), env.alloc_slot::<cap_type::Null>());
        memory.untyped_retype(&blueprint, &root, first.index(), 1)?;
        let error = memory.untyped_retype(&blueprint, &root, second.index(), 1).expect_err("no room for two");
        assert_eq!(error.kind(), ErrorKind::NotEnoughMemory(0), "{blueprint:?}");
    }
    Ok(())
}

#[test]
fn as_many_as_the_fan_out_limit_at_once(env: &mut Env) -> Result<()> {
    let cnode = env.alloc_object::<cap_type::CNode>(&ObjectBlueprint::CNode { size_bits: 9 })?;
    let make =
        |count| env.untyped().untyped_retype(&ObjectBlueprint::Endpoint, &cnode.absolute_self(), 0, count);
    let error = make(RETYPE_FAN_OUT_LIMIT + 1).expect_err("one too many");
    assert_eq!(error.kind(), ErrorKind::RangeError { min: 1, max: RETYPE_FAN_OUT_LIMIT as u64 });
    make(RETYPE_FAN_OUT_LIMIT)
}

#[test(should_error = "Untyped_Retype: DeleteFirst")]
fn a_slot_in_use_is_refused(env: &mut Env) -> Result<()> {
    let slot = env.alloc_slot::<cap_type::Endpoint>();
    let root = slot::CNODE.cap().absolute_self();
    env.untyped().untyped_retype(&ObjectBlueprint::Endpoint, &root, slot.index(), 1)?;
    env.untyped().untyped_retype(&ObjectBlueprint::Endpoint, &root, slot.index(), 1)
}

#[test(should_error = "Untyped_Retype: InvalidArgument")]
fn an_unknown_type_is_refused(env: &mut Env) -> Result<()> {
    let slot = env.alloc_slot::<cap_type::Null>();
    sel4::with_ipc_buffer_mut(|buffer| {
        let root = slot::CNODE.cap().bits();
        let error = buffer.inner_mut().seL4_Untyped_Retype(
            env.untyped().bits(),
            99,
            0,
            root,
            0,
            0,
            slot.index() as u64,
            1,
        );
        assert_eq!(error, sel4::sys::seL4_InvalidArgument);
    });
    // The typed way can't name such a type; a size that makes no sense is refused alike.
    env.untyped().untyped_retype(
        &ObjectBlueprint::CNode { size_bits: 0 },
        &slot::CNODE.cap().absolute_self(),
        slot.index(),
        1,
    )
}

#[test]
fn revoked_memory_can_be_used_again(env: &mut Env) -> Result<()> {
    let memory = env.alloc_slot::<cap_type::Untyped>();
    let root = slot::CNODE.cap().absolute_self();
    env.untyped().untyped_retype(&ObjectBlueprint::Untyped { size_bits: 12 }, &root, memory.index(), 1)?;
    let frame = env.alloc_slot::<cap_type::Granule>();
    for _ in 0..3 {
        memory.cap().untyped_retype(&FrameObjectType::GRANULE.blueprint(), &root, frame.index(), 1)?;
        memory.absolute_cptr().revoke()?;
    }
    Ok(())
}
