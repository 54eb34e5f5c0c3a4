//! Slots and what is derived from what.

use sel4::init_thread::{Slot, slot};
use sel4::{CNodeCapData, CapRights, ErrorKind, ObjectBlueprint, Result, cap, cap_type};
use sel4_test_harness::{Env, test};

fn notification(env: &mut Env) -> Result<Slot<cap_type::Notification>> {
    let notification: cap::Notification = env.alloc_object(&ObjectBlueprint::Notification)?;
    Ok(Slot::from_index(notification.bits() as usize))
}

#[test]
fn copies_and_badges_name_the_same_object(env: &mut Env) -> Result<()> {
    let original = notification(env)?;
    let (copy, badged) =
        (env.alloc_slot::<cap_type::Notification>(), env.alloc_slot::<cap_type::Notification>());
    copy.absolute_cptr().copy(&original.absolute_cptr(), CapRights::all())?;
    badged.absolute_cptr().mint(&copy.absolute_cptr(), CapRights::write_only(), 1 << 40)?;
    badged.cap().signal();
    assert_eq!(original.cap().poll(), 1 << 40, "badges of notifications have all bits");
    Ok(())
}

#[test(should_error = "CNode_Mint: IllegalOperation")]
fn a_badge_is_given_once(env: &mut Env) -> Result<()> {
    let original = notification(env)?;
    let (first, second) =
        (env.alloc_slot::<cap_type::Notification>(), env.alloc_slot::<cap_type::Notification>());
    first.absolute_cptr().mint(&original.absolute_cptr(), CapRights::all(), 1)?;
    second.absolute_cptr().mint(&first.absolute_cptr(), CapRights::all(), 2)
}

#[test]
fn moving_leaves_the_slot_empty(env: &mut Env) -> Result<()> {
    let from = notification(env)?;
    let to = env.alloc_slot::<cap_type::Notification>();
    to.absolute_cptr().move_(&from.absolute_cptr())?;
    to.cap().signal();
    let error = from.absolute_cptr().move_(&from.absolute_cptr()).expect_err("nothing to move");
    assert!(matches!(error.kind(), ErrorKind::FailedLookup(_)), "{error}");
    let error = from.absolute_cptr().mutate(&to.absolute_cptr(), 8).expect_err("no badge by moving");
    assert_eq!(error.kind(), ErrorKind::IllegalOperation);
    Ok(())
}

#[test(should_error = "CNode_Copy: DeleteFirst")]
fn a_full_slot_is_not_overwritten(env: &mut Env) -> Result<()> {
    let (first, second) = (notification(env)?, notification(env)?);
    first.absolute_cptr().copy(&second.absolute_cptr(), CapRights::all())
}

#[test(should_error = "CNode_Copy: FailedLookup: source: nothing is there")]
fn nothing_can_be_copied_from_an_empty_slot(env: &mut Env) -> Result<()> {
    let (first, second) = (env.alloc_slot::<cap_type::Null>(), env.alloc_slot::<cap_type::Null>());
    first.absolute_cptr().copy(&second.absolute_cptr(), CapRights::all())
}

#[test]
fn rights_only_shrink(env: &mut Env) -> Result<()> {
    let original = notification(env)?;
    let (reader, again) =
        (env.alloc_slot::<cap_type::Notification>(), env.alloc_slot::<cap_type::Notification>());
    reader.absolute_cptr().copy(&original.absolute_cptr(), CapRights::read_only())?;
    again.absolute_cptr().copy(&reader.absolute_cptr(), CapRights::all())?;
    // A signal without the right to write is dropped, by a capability fault only in the sense of an error.
    again.cap().signal();
    assert_eq!(original.cap().poll(), 0, "the copy of a read-only capability signalled");
    original.cap().signal();
    assert_eq!(again.cap().poll(), 0);
    Ok(())
}

#[test]
fn revoking_takes_what_was_derived(env: &mut Env) -> Result<()> {
    let original = notification(env)?;
    let badged = env.alloc_slot::<cap_type::Notification>();
    for _ in 0..2 {
        badged.absolute_cptr().mint(&original.absolute_cptr(), CapRights::all(), 1)?;
        original.absolute_cptr().revoke()?;
    }
    original.absolute_cptr().delete()?;
    original.absolute_cptr().delete()
}

#[test]
fn a_cnode_below_the_root_has_an_address(env: &mut Env) -> Result<()> {
    let original = notification(env)?;
    let (table, guarded) = (env.alloc_slot::<cap_type::CNode>(), env.alloc_slot::<cap_type::CNode>());
    let blueprint = ObjectBlueprint::CNode { size_bits: 4 };
    env.untyped().untyped_retype(&blueprint, &slot::CNODE.cap().absolute_self(), table.index(), 1)?;
    // As the root of a thread's CSpace: 4 bits of the CNode, 60 of the guard.
    let data = CNodeCapData::skip(sel4::WORD_SIZE - 4).into_word();
    let copy = env.alloc_slot::<cap_type::CNode>();
    copy.absolute_cptr().copy(&table.absolute_cptr(), CapRights::all())?;
    guarded.absolute_cptr().mutate(&copy.absolute_cptr(), data)?;
    let inside = guarded.cap().absolute_cptr(sel4::CPtr::from_bits(7));
    inside.mint(&original.absolute_cptr(), CapRights::all(), 5)?;
    let back = env.alloc_slot::<cap_type::Notification>();
    back.absolute_cptr().move_(&table.cap().absolute_cptr_from_bits_with_depth(7, 4))?;
    back.cap().signal();
    assert_eq!(original.cap().poll(), 5);
    let error =
        guarded.cap().absolute_cptr(sel4::CPtr::from_bits(0x17)).delete().expect_err("the guard is 0");
    assert!(matches!(error.kind(), ErrorKind::FailedLookup(_)), "{error}");
    Ok(())
}
