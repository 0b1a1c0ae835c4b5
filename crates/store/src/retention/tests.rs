//! Rules and choices.

use std::time::Duration;

use telltale_base::{Project, UnixNanos};
use telltale_schema::Table;

use super::{Candidate, limits, plan};
use crate::RetentionRule;

const DAY: Duration = Duration::from_hours(24);

fn check(files: &[(i32, u64)], age: Option<Duration>, bytes: Option<u64>, dropped: &[usize]) {
    let file = |(index, (date, bytes)): (usize, &(i32, u64))| Candidate {
        index,
        date: *date,
        bytes: *bytes,
    };
    let files: Vec<_> = files.iter().enumerate().map(file).collect();
    let noon = UnixNanos(100 * UnixNanos::DAY + UnixNanos::DAY / 2);
    assert_eq!(plan(&files, age, bytes, noon), dropped);
}

#[test]
fn a_day_goes_when_all_of_it_is_too_old() {
    let files = [(100, 1), (98, 1), (97, 1), (97, 1), (-5, 1)];
    check(&files, Some(2 * DAY), None, &[4, 2, 3]);
    check(&files, Some(DAY), None, &[4, 2, 3, 1]);
    check(&files, None, None, &[]);
}

#[test]
fn the_oldest_days_go_until_the_rest_fits() {
    let files = [(100, 50), (99, 30), (98, 20), (98, 5)];
    check(&files, None, Some(105), &[]);
    check(&files, None, Some(104), &[2, 3]);
    check(&files, None, Some(79), &[2, 3, 1]);
    check(&files, None, Some(10), &[2, 3, 1]);
}

#[test]
fn the_first_rule_that_sets_a_limit_decides() {
    let (a, b) = (Project::new("a").unwrap(), Project::new("b").unwrap());
    let rules = [
        RetentionRule {
            project: Some(a.clone()),
            table: Some(Table::Logs),
            age_max: Some(DAY),
            ..Default::default()
        },
        RetentionRule { project: Some(a.clone()), bytes_max: Some(7), ..Default::default() },
        RetentionRule { age_max: Some(9 * DAY), bytes_max: Some(9), ..Default::default() },
    ];
    assert_eq!(limits(&rules, &a, Table::Logs), (Some(DAY), Some(7)));
    assert_eq!(limits(&rules, &a, Table::Spans), (Some(9 * DAY), Some(7)));
    assert_eq!(limits(&rules, &b, Table::Logs), (Some(9 * DAY), Some(9)));
    assert_eq!(limits(&[], &b, Table::Logs), (None, None));
}
