//! Runs of one conversation. Of a conversation that several users have, each has a session of its
//! own, and each of these says so.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::Figures;
use super::run::{Run, RunStatus, Turn};

/// Runs of one conversation and user.
#[derive(Debug, Clone, PartialEq)]
pub struct Session<'a> {
    /// The conversation.
    pub conversation: &'a str,
    /// The user; `None` if no run says one, or if several users have the conversation and these runs
    /// do not say whose they are.
    pub user: Option<&'a str>,
    /// Other users that have the same conversation.
    pub other_users: u64,
    /// Places of the runs, earliest first.
    pub runs: Vec<usize>,
    /// Runs that failed.
    pub failed_runs: u64,
    /// Turns of all runs, earliest first, with the tokens of each.
    pub turns: Vec<Turn>,
    /// What the ledger says of all runs.
    pub figures: Figures,
    /// Start of the first run, nanoseconds since the Unix epoch.
    pub first_unix_nano: i64,
    /// End of the last run.
    pub last_unix_nano: i64,
}

/// The sessions of runs, by conversation and user. Runs without a conversation have none.
pub fn sessions<'a>(runs: &[Run<'a>]) -> Vec<Session<'a>> {
    let mut users: BTreeMap<&str, BTreeSet<&'a str>> = BTreeMap::new();
    for run in runs {
        if let Some(conversation) = run.conversation {
            users.entry(conversation).or_default().extend(run.user);
        }
    }
    let mut sessions: BTreeMap<(&'a str, Option<&'a str>), Session<'a>> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        let Some(conversation) = run.conversation else { continue };
        let Some(of_all) = users.get(conversation) else { continue };
        let only = of_all.first().copied().filter(|_| of_all.len() == 1);
        let user = run.user.or(only);
        let others = of_all.len() - usize::from(user.is_some());
        let session = sessions
            .entry((conversation, user))
            .or_insert_with(|| empty(conversation, user, others as u64));
        session.add(place, run);
    }
    let mut sessions: Vec<Session<'a>> = sessions.into_values().collect();
    for session in &mut sessions {
        let start = |place: &usize| runs.get(*place).map(|run| (run.start_unix_nano, *place));
        session.runs.sort_by_key(start);
        session.turns.sort_by_key(|turn| (turn.start_unix_nano, turn.span));
    }
    sessions
}

fn empty<'a>(conversation: &'a str, user: Option<&'a str>, other_users: u64) -> Session<'a> {
    Session {
        conversation,
        user,
        other_users,
        runs: Vec::new(),
        failed_runs: 0,
        turns: Vec::new(),
        figures: Figures::default(),
        first_unix_nano: i64::MAX,
        last_unix_nano: i64::MIN,
    }
}

impl Session<'_> {
    fn add(&mut self, place: usize, run: &Run<'_>) {
        self.runs.push(place);
        self.failed_runs += u64::from(run.status == RunStatus::Error);
        self.turns.extend_from_slice(&run.turns);
        self.figures.add(&run.figures);
        self.first_unix_nano = self.first_unix_nano.min(run.start_unix_nano);
        let duration = i64::try_from(run.duration_ns).unwrap_or(i64::MAX);
        let end = run.start_unix_nano.saturating_add(duration);
        self.last_unix_nano = self.last_unix_nano.max(end);
    }
}
