//! The whole table.

use telltale_meta::Scope;

use super::{Action, Role, authorise};
use crate::fault::Reason;

#[test]
fn every_role_and_action() {
    let roles = [
        Role::Nobody,
        Role::Open,
        Role::Key(Scope::Ingest),
        Role::Key(Scope::Query),
        Role::Key(Scope::Admin),
    ];
    let actions = [Action::Public, Action::Known, Action::Export, Action::Read, Action::Manage];
    let table: Vec<String> = roles
        .iter()
        .map(|role| {
            let cells = actions.map(|action| match authorise(*role, action) {
                Ok(()) => "yes",
                Err(fault) if fault.reason == Reason::Unauthenticated => "401",
                Err(_) => "403",
            });
            format!("{role:?}: {}", cells.join(" "))
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    Nobody: yes 401 401 401 401
    Open: yes yes yes yes yes
    Key(Ingest): yes yes yes 403 403
    Key(Query): yes yes 403 yes 403
    Key(Admin): yes yes yes yes yes
    ");
}
