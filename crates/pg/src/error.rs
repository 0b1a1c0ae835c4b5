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
    pub(crate) const NOT_CONNECTED: &str = "08003";
    pub(crate) const PROTOCOL: &str = "08P01";
    pub(crate) const DATA_EXCEPTION: &str = "22000";
    pub(crate) const OUT_OF_RANGE: &str = "22003";
    pub(crate) const DIVISION_BY_ZERO: &str = "22012";
    pub(crate) const INVALID_PARAMETER: &str = "22023";
    pub(crate) const INVALID_TEXT: &str = "22P02";
    pub(crate) const INVALID_SCHEMA: &str = "3F000";
    pub(crate) const WRONG: &str = "42000";
    pub(crate) const SYNTAX: &str = "42601";
    pub(crate) const DUPLICATE_COLUMN: &str = "42701";
    pub(crate) const AMBIGUOUS_COLUMN: &str = "42702";
    pub(crate) const UNDEFINED_COLUMN: &str = "42703";
    pub(crate) const UNDEFINED_OBJECT: &str = "42704";
    pub(crate) const UNDEFINED_FUNCTION: &str = "42883";
    pub(crate) const UNDEFINED_TABLE: &str = "42P01";
    pub(crate) const UNDEFINED_PARAMETER: &str = "42P02";
    pub(crate) const OUT_OF_MEMORY: &str = "53200";
    pub(crate) const INTERNAL: &str = "XX000";
    pub(crate) const CORRUPTED: &str = "XX001";
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
