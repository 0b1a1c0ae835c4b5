use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn sign_ins(addresses_max: usize) -> SignIns {
    SignIns::new(SignInLimits { attempts_max: 3, refill: SECOND, addresses_max })
}

fn v4(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

#[test]
fn attempts_end_at_the_limit_and_come_back_one_by_one() {
    let (sign_ins, now) = (sign_ins(8), 100 * SECOND);
    for _ in 0..3 {
        assert_eq!(sign_ins.take(v4(1), now), Ok(()));
    }
    assert_eq!(sign_ins.take(v4(1), now), Err(SECOND));
    assert_eq!(sign_ins.take(v4(2), now), Ok(()), "others are not concerned");
    let almost = now + Duration::from_nanos(999_999_999);
    assert_eq!(sign_ins.take(v4(1), almost), Err(Duration::from_nanos(1)));
    assert_eq!(sign_ins.take(v4(1), now + SECOND), Ok(()));
    assert_eq!(sign_ins.take(v4(1), now + SECOND), Err(SECOND));
    for _ in 0..3 {
        assert_eq!(sign_ins.take(v4(1), now + 99 * SECOND), Ok(()), "never more than the limit");
    }
    assert_eq!(sign_ins.take(v4(1), now + 99 * SECOND), Err(SECOND));
}

#[test]
fn an_attempt_given_back_was_none() {
    let sign_ins = sign_ins(8);
    for _ in 0..9 {
        assert_eq!(sign_ins.take(v4(1), SECOND), Ok(()));
        sign_ins.give_back(v4(1));
    }
    sign_ins.give_back(v4(7));
}

#[test]
fn the_table_is_bounded_and_forgets_the_least_guilty() {
    let sign_ins = sign_ins(2);
    let now = 100 * SECOND;
    for _ in 0..3 {
        sign_ins.take(v4(1), now).unwrap();
    }
    for last in 2..50 {
        assert_eq!(sign_ins.take(v4(last), now), Ok(()));
        assert!(sign_ins.lock().len() <= 2);
    }
    assert_eq!(sign_ins.take(v4(1), now), Err(SECOND), "it is still known");
    assert_eq!(sign_ins.take(v4(60), now + 9 * SECOND), Ok(()));
    assert_eq!(sign_ins.lock().len(), 1, "who has all attempts again need not be known");
}

#[test]
fn a_network_of_ipv6_is_one_client() {
    let sign_ins = sign_ins(8);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    for host in 1..4 {
        assert_eq!(sign_ins.take(address(&format!("2001:db8::{host}")), SECOND), Ok(()));
    }
    assert_eq!(sign_ins.take(address("2001:db8::ffff:9"), SECOND), Err(SECOND));
    assert_eq!(sign_ins.take(address("2001:db8:0:1::1"), SECOND), Ok(()));
    for _ in 0..2 {
        sign_ins.take(v4(1), SECOND).unwrap();
    }
    assert_eq!(sign_ins.take(address("::ffff:10.0.0.1"), SECOND), Ok(()));
    assert_eq!(sign_ins.take(v4(1), SECOND), Err(SECOND), "mapped addresses are those of IPv4");
}
