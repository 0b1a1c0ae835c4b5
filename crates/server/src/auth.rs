//! Who is asking, and whether they may: one guard in front of every route.
//!
//! | file | what |
//! |---|---|
//! | `credentials` | what a request presents |
//! | `principal` | who that is |
//! | `authorise` | the one place that says yes |
//! | `origin` | where a browser's request comes from |
//! | `sign_ins` | how often keys may be tried |
//! | `guard` | puts these before every handler |

mod authorise;
mod credentials;
mod guard;
mod origin;
mod principal;
mod sign_ins;

pub(crate) use authorise::{Action, Role};
pub(crate) use credentials::{SESSION_COOKIE, cookie};
pub(crate) use guard::guard;
pub(crate) use origin::{Origins, Peer, refuse_foreign};
pub(crate) use principal::Principal;
pub use sign_ins::SignInLimits;
pub(crate) use sign_ins::SignIns;
