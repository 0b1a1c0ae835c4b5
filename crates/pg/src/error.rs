//! Refusals, in PostgreSQL's terms.

use pgwire::error::{ErrorInfo, PgWireError};

/// Why a connection was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No such key, or it was revoked.
    #[error("the password is not a valid Telltale API key")]
    UnknownKey,
    /// The key may not read.
    #[error("this key may not read: create one with `telltale keys create --scope query`")]
    Scope,
    /// Keys could not be looked up.
    #[error("keys cannot be checked right now: {0}")]
    Unavailable(String),
}

/// SQLSTATE codes that Telltale answers with.
pub(crate) mod code {
    pub(crate) const INVALID_PASSWORD: &str = "28P01";
    pub(crate) const INVALID_AUTHORIZATION: &str = "28000";
    pub(crate) const READ_ONLY: &str = "25006";
    pub(crate) const QUERY_CANCELED: &str = "57014";
    pub(crate) const PROGRAM_LIMIT: &str = "54000";
    pub(crate) const NOT_SUPPORTED: &str = "0A000";
    pub(crate) const INTERNAL: &str = "XX000";
    pub(crate) const NOT_CONNECTED: &str = "08003";
}

/// An error that ends a statement.
pub(crate) fn error(code: &str, message: impl Into<String>) -> PgWireError {
    let info = ErrorInfo::new("ERROR".to_owned(), code.to_owned(), message.into());
    PgWireError::UserError(Box::new(info))
}

/// An error that ends the connection.
pub(crate) fn fatal(code: &str, message: impl Into<String>) -> PgWireError {
    let info = ErrorInfo::new("FATAL".to_owned(), code.to_owned(), message.into());
    PgWireError::UserError(Box::new(info))
}

impl From<LoginError> for PgWireError {
    fn from(refused: LoginError) -> Self {
        let code = match refused {
            LoginError::UnknownKey => code::INVALID_PASSWORD,
            LoginError::Scope | LoginError::Unavailable(_) => code::INVALID_AUTHORIZATION,
        };
        fatal(code, refused.to_string())
    }
}
