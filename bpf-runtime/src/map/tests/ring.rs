use super::*;

#[test]
fn ring_records_in_order_across_the_end() {
    let words = words(&RING);
    let ring = Map::create(Shm::from_words(&words), &RING).unwrap().ring().unwrap();
    let reader = Map::open(Shm::from_words(&words)).unwrap().ring().unwrap();
    for n in 0..500usize {
        let data = vec![n as u8; n % 100];
        ring.output(data.as_slice().into()).unwrap();
        let mut got = [0; 120];
        assert_eq!(reader.consume(&mut got), Some(data.len()), "record {n}");
        assert_eq!(&got[..data.len()], data);
    }
    assert_eq!(reader.consume(&mut []), None);
    assert_eq!(ring.query(0), 0);
    assert_eq!(ring.query(1), 256);
}

#[test]
fn ring_waits_for_the_first_reserved_record() {
    let words = words(&RING);
    let ring = Map::create(Shm::from_words(&words), &RING).unwrap().ring().unwrap();
    let first = ring.reserve(8).unwrap();
    ring.output(b"later".into()).unwrap();
    assert_eq!(ring.consume(&mut [0; 8]), None, "records keep their order");
    ring.record(first).unwrap().store(0, 8, 77).unwrap();
    ring.commit(first, false);
    let mut got = [0; 8];
    assert_eq!(ring.consume(&mut got), Some(8));
    assert_eq!(got[0], 77);
    let dropped = ring.reserve(3).unwrap();
    ring.commit(dropped, true);
    ring.output(b"last".into()).unwrap();
    assert_eq!(ring.consume(&mut got), Some(5));
    assert_eq!(ring.consume(&mut got), Some(4), "the discarded one is skipped");
    assert_eq!(&got[..4], b"last");
}

#[test]
fn a_full_ring_refuses_and_counts() {
    let words = words(&RING);
    let ring = Map::create(Shm::from_words(&words), &RING).unwrap().ring().unwrap();
    assert_eq!(ring.reserve(121), Err(Errno::E2BIG));
    assert_eq!(ring.reserve(usize::MAX), Err(Errno::E2BIG));
    ring.output((&[1; 120]).into()).unwrap();
    ring.output((&[2; 120]).into()).unwrap();
    assert_eq!(ring.output((&[3; 1]).into()), Err(Errno::EAGAIN));
    assert_eq!(ring.lost(), 1);
    assert_eq!(ring.query(0), 256);
}

#[test]
fn a_corrupted_ring_goes_on() {
    let words = words(&RING);
    let memory = Shm::from_words(&words);
    let ring = Map::create(memory, &RING).unwrap().ring().unwrap();
    let mut seed = 7u64;
    for _ in 0..5_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        memory.store(32 + (seed >> 33) as usize % (memory.len() - 32), 1, seed >> 50).unwrap();
        let _ = ring.output((&[9; 30]).into());
        let _ = ring.consume(&mut [0; 64]);
        let _ = ring.recover(seed as u8);
    }
    memory.store(32, 8, 24).unwrap();
    memory.store(40, 8, 1 << 40).unwrap();
    assert_eq!(ring.consume(&mut [0; 64]), None);
    ring.output(b"fine".into()).unwrap();
    assert_eq!(ring.consume(&mut [0; 64]), Some(4));
}
