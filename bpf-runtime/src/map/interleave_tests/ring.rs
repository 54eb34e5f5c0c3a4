use super::*;

/// Records of a producer: its number, a counter, and as many bytes more.
fn produce(map: &Map<'_>, owner: u8, records: u8) {
    let ring = map.owned_by(owner).ring().unwrap();
    for n in 0..records {
        let record = [[owner, n], [owner, n], [owner, n], [owner, n], [owner, n]];
        let len = 2 + 4 * usize::from(n % 3);
        let _ = ring.output(record.as_flattened()[..len.min(10)].into());
    }
}

/// Takes what is there: whole records, each producer's in order.
fn take(map: &Map<'_>, last: &mut [i32; 4]) {
    let (ring, mut got) = (map.ring().unwrap(), [0; 64]);
    while let Some(len) = ring.consume(&mut got) {
        let (owner, n) = (got[0], got[1]);
        assert!(got[..len].chunks(2).all(|pair| pair == [owner, n]), "torn: {:?}", &got[..len]);
        let last = &mut last[usize::from(owner)];
        assert!(i32::from(n) > *last, "owner {owner}: {n} after {last}");
        *last = n.into();
    }
}

fn goes_on(map: &Map<'_>, what: &str) {
    let ring = map.ring().unwrap();
    let mut got = [0; 64];
    for _ in 0..20 {
        ring.output([3; 20].as_slice().into()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(ring.consume(&mut got), Some(20), "{what}");
        assert_eq!(got[..20], [3; 20], "{what}");
    }
}

#[test]
fn producers_and_a_consumer() {
    for seed in 0..2 * SEEDS {
        let words = words(&RING);
        let map = Map::create(Shm::from_words(&words), &RING).unwrap();
        let mut last = [-1; 4];
        let consumer: Work<'_> = Box::new(|| {
            for _ in 0..6 {
                take(&map, &mut last);
            }
        });
        run(
            vec![Box::new(|| produce(&map, 0, 5)), Box::new(|| produce(&map, 1, 5)), consumer],
            random(seed, None),
        );
        take(&map, &mut last);
        goes_on(&map, &std::format!("seed {seed}"));
    }
}

#[test]
fn a_producer_may_end_anywhere() {
    for seed in 0..2 * SEEDS {
        let words = words(&RING);
        let map = Map::create(Shm::from_words(&words), &RING).unwrap();
        let mut last = [-1; 4];
        let consumer: Work<'_> = Box::new(|| {
            for _ in 0..3 {
                take(&map, &mut last);
            }
        });
        let kill = Some((1, seed as usize % 50));
        run(
            vec![Box::new(|| produce(&map, 0, 5)), Box::new(|| produce(&map, 1, 5)), consumer],
            random(seed, kill),
        );
        assert_eq!(map.recover(0), 0, "all of 0's are given back");
        assert!(map.recover(1) <= 1);
        take(&map, &mut last);
        goes_on(&map, &std::format!("seed {seed}"));
    }
}

#[test]
fn a_consumer_may_end_anywhere() {
    for seed in 0..2 * SEEDS {
        let words = words(&RING);
        let map = Map::create(Shm::from_words(&words), &RING).unwrap();
        let mut last = [-1; 4];
        let consumer: Work<'_> = Box::new(|| take(&map, &mut last));
        let kill = Some((1, seed as usize % 50));
        run(vec![Box::new(|| produce(&map, 0, 6)), consumer], random(seed, kill));
        take(&map, &mut last);
        goes_on(&map, &std::format!("seed {seed}"));
    }
}

#[test]
fn a_consumer_that_ends_loses_the_record_that_it_took_and_no_other() {
    // More steps than it takes: the last ones are those of a consumer that comes to its end.
    for steps in 0..20 {
        let words = words(&RING);
        let map = Map::create(Shm::from_words(&words), &RING).unwrap();
        let (ring, mut got) = (map.ring().unwrap(), [0; 16]);
        for n in 0..3 {
            ring.output([n; 8].as_slice().into()).unwrap();
        }
        let mut left = steps;
        let taker: Work<'_> = Box::new(|| {
            map.ring().unwrap().consume(&mut [0; 16]);
        });
        run(vec![taker], |_| {
            left -= 1;
            if left < 0 { Turn::Kill(0) } else { Turn::Step(0) }
        });
        let mut rest = Vec::new();
        while let Some(8) = ring.consume(&mut got) {
            rest.push(got[0]);
        }
        assert!(rest == [0, 1, 2] || rest == [1, 2], "died after {steps} steps: {rest:?} are left");
        assert_eq!(ring.lost(), 0, "died after {steps} steps");
    }
}

#[test]
fn recovery_of_a_ring_while_others_work() {
    for seed in 0..2 * SEEDS {
        let words = words(&RING);
        let map = Map::create(Shm::from_words(&words), &RING).unwrap();
        let dead = map.owned_by(1).ring().unwrap();
        dead.reserve(8).unwrap();
        let mut last = [-1; 4];
        let recovery: Work<'_> = Box::new(|| assert_eq!(map.recover(1), 1));
        let consumer: Work<'_> = Box::new(|| take(&map, &mut last));
        run(vec![Box::new(|| produce(&map, 0, 4)), recovery, consumer], random(seed, None));
        take(&map, &mut last);
        goes_on(&map, &std::format!("seed {seed}"));
    }
}

#[test]
fn others_reserve_before_the_recovery_too() {
    for steps in 0..20 {
        let words = words(&RING);
        let map = Map::create(Shm::from_words(&words), &RING).unwrap();
        let mut left = steps;
        run(vec![Box::new(|| produce(&map, 1, 1))], |_| {
            left -= 1;
            if left < 0 { Turn::Kill(0) } else { Turn::Step(0) }
        });
        let ring = map.owned_by(2).ring().unwrap();
        assert_eq!(ring.output([9; 12].as_slice().into()), Ok(()), "died after {steps} steps");
        let mut got = [0; 64];
        let first = ring.consume(&mut got);
        assert!(matches!(first, None | Some(2 | 12)), "died after {steps} steps: {first:?}");
        map.recover(1);
        let mut last = first;
        while let Some(len) = ring.consume(&mut got) {
            last = Some(len);
        }
        assert_eq!((last, got[11]), (Some(12), 9), "died after {steps} steps");
    }
}
