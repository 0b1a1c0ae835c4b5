//! Readings in, verdicts out.

use std::time::Duration;

use super::{ReadyStatus, judge};
use crate::config::Readiness;
use crate::ports::{VitalTask, Vitals};

fn check(vitals: &Vitals, status: ReadyStatus, checks: &[&str]) {
    let verdict = judge(vitals, &Readiness::default());
    let found: Vec<_> = verdict.reasons.iter().map(|reason| reason.check).collect();
    assert_eq!((verdict.status, found.as_slice()), (status, checks));
}

fn task(idle: u64) -> VitalTask {
    VitalTask {
        name: "flush".to_owned(),
        idle: Duration::from_secs(idle),
        idle_max: Duration::from_mins(1),
        last_error: Some("no space".to_owned()),
    }
}

#[test]
fn limits_hold_at_their_edges() {
    check(&Vitals::default(), ReadyStatus::Ready, &[]);
    let lag = |ms| Vitals { ingest_lag: Duration::from_millis(ms), ..Vitals::default() };
    check(&lag(5_000), ReadyStatus::Ready, &[]);
    check(&lag(5_001), ReadyStatus::Unready, &["lag"]);
    let disk = |free| Vitals { disk_free_bytes: free, disk_reserve_bytes: 10, ..Vitals::default() };
    check(&disk(10), ReadyStatus::Ready, &[]);
    check(&disk(9), ReadyStatus::Unready, &["disk"]);
    let faults = vec!["the log refuses records".to_owned()];
    check(&Vitals { faults, ..Vitals::default() }, ReadyStatus::Unready, &["fault"]);
    let tasks = |idle| Vitals { tasks: vec![task(idle)], ..Vitals::default() };
    // An error that the task is still working on is not yet a standstill.
    check(&tasks(60), ReadyStatus::Ready, &[]);
    check(&tasks(61), ReadyStatus::Unready, &["task"]);
}

#[test]
fn quarantine_degrades_and_hides_nothing_worse() {
    let quarantined = vec!["wal frame 7".to_owned()];
    let vitals = Vitals { quarantined: quarantined.clone(), ..Vitals::default() };
    check(&vitals, ReadyStatus::Degraded, &["quarantine"]);
    let vitals = Vitals { quarantined, tasks: vec![task(61)], ..Vitals::default() };
    check(&vitals, ReadyStatus::Unready, &["task", "quarantine"]);
}
