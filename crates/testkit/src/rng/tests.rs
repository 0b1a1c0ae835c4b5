//! The numbers are the published ones and stay within their bounds.

use super::Rng;

#[test]
fn is_splitmix64() {
    let mut rng = Rng::new(1_234_567);
    let first: Vec<u64> = (0..3).map(|_| rng.bits()).collect();
    assert_eq!(
        first,
        [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
    );
}

#[test]
fn bounds_are_reached_and_kept() {
    let mut rng = Rng::new(1);
    let drawn: Vec<u64> = (0..1000).map(|_| rng.within(3..=5)).collect();
    assert!((3..=5).all(|n| drawn.contains(&n)) && drawn.iter().all(|n| (3..=5).contains(n)));
    assert_eq!((rng.below(0), rng.below(1), rng.within(4..=4)), (0, 0, 4));
    assert!((0..1000).map(|_| rng.unit()).all(|u| (0.0..1.0).contains(&u)));
    assert_eq!(rng.pick::<u8>(&[]), None);
}
