//! Who a request comes from, and therefore which project it sees.

use telltale_base::Project;
use telltale_meta::{Key, Meta};

use super::authorise::Role;
use super::credentials::Credentials;
use super::origin::Peer;
use crate::exposure::is_loopback;
use crate::fault::{Fault, Reason};

/// The one who asks.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// The only project that the request sees. Without meaning for `Role::Nobody`, who sees none.
    pub(crate) project: Project,
    pub(crate) role: Role,
    /// The key behind the request, if there is one.
    pub(crate) key: Option<Key>,
    /// What was presented, to ask again during a request without end.
    pub(crate) credentials: Credentials,
}

impl Principal {
    /// Finds out who presents `credentials`.
    ///
    /// # Errors
    /// When credentials are presented and are not valid: a client that thinks it is someone must
    /// not silently become nobody.
    pub(crate) async fn find(
        meta: &Meta,
        peer: Peer,
        credentials: Credentials,
    ) -> Result<Self, Fault> {
        if !meta.has_keys().await? {
            // Without keys no key can be wrong: many clients insist on sending one.
            let local = is_loopback(peer.0.ip());
            let role = if local { Role::Open } else { Role::Nobody };
            return Ok(Self::keyless(role, credentials));
        }
        let key = match &credentials {
            Credentials::None => return Ok(Self::keyless(Role::Nobody, credentials)),
            Credentials::Malformed(why) => return Err(Fault::new(Reason::Unauthenticated, *why)),
            Credentials::Key(secret) => meta.key_of(secret).await?,
            // An old cookie stays in a browser by itself: its owner must be able to sign in again.
            Credentials::Session(session) => match meta.key_of_session(session).await? {
                None => return Ok(Self::keyless(Role::Nobody, credentials)),
                found => found,
            },
        };
        let Some(key) = key else {
            let detail = "the API key is not known here, or was revoked";
            return Err(Fault::new(Reason::Unauthenticated, detail));
        };
        let project = key.project.clone();
        Ok(Self { project, role: Role::Key(key.scope), key: Some(key), credentials })
    }

    /// Whether the same credentials still make the same principal.
    pub(crate) async fn still_stands(&self, meta: &Meta, peer: Peer) -> bool {
        let again = Self::find(meta, peer, self.credentials.clone()).await;
        again.is_ok_and(|again| again.role == self.role && again.project == self.project)
    }

    /// Someone unknown.
    pub(crate) fn nobody() -> Self {
        Self::keyless(Role::Nobody, Credentials::None)
    }

    fn keyless(role: Role, credentials: Credentials) -> Self {
        Self { project: Project::default_project(), role, key: None, credentials }
    }
}
