//! The one decision about who may do what.

use telltale_meta::Scope;

use crate::fault::{Fault, Reason};

/// What a route does, as far as permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tells nothing about what is stored: health, the page, the API's description, signing in.
    Public,
    /// Needs to be someone, whoever.
    Known,
    /// Adds telemetry.
    Export,
    /// Reads telemetry.
    Read,
    /// Manages the project.
    Manage,
}

/// Whom a request comes from, as far as permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Someone without a valid key, while keys exist.
    Nobody,
    /// Someone on this machine, while no key exists.
    Open,
    /// The owner of a key.
    Key(Scope),
}

/// Whether `role` may do `action`. What is not listed is denied.
pub(crate) fn authorise(role: Role, action: Action) -> Result<(), Fault> {
    let allowed = match (role, action) {
        (_, Action::Public)
        | (Role::Open | Role::Key(Scope::Admin), _)
        | (Role::Key(_), Action::Known)
        | (Role::Key(Scope::Ingest), Action::Export)
        | (Role::Key(Scope::Query), Action::Read) => true,
        (Role::Nobody | Role::Key(Scope::Ingest | Scope::Query), _) => false,
    };
    if allowed {
        return Ok(());
    }
    let needs = match action {
        Action::Export => "scope ingest or admin",
        Action::Read => "scope query or admin",
        Action::Manage => "scope admin",
        Action::Public | Action::Known => "any scope",
    };
    Err(match role {
        Role::Key(scope) => {
            Fault::new(Reason::Denied, format!("this needs a key of {needs}; yours has {scope}"))
        }
        Role::Nobody | Role::Open => Fault::new(
            Reason::Unauthenticated,
            format!(
                "this needs a key of {needs}, as Authorization: Bearer, as x-api-key or as the \
                 password of Basic"
            ),
        ),
    })
}

#[cfg(test)]
mod tests;
