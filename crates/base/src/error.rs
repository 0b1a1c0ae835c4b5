//! What a caller must do about an error. Each crate has its own error type; all answer `kind()`.

/// The action an error asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong; sending it again unchanged fails again.
    Invalid,
    /// The caller is not known: it must authenticate.
    Unauthenticated,
    /// The caller is known and may not do this.
    Denied,
    /// The thing asked for does not exist.
    NotFound,
    /// The request conflicts with what exists (a second server, a name that is taken).
    Conflict,
    /// The request is over a limit; a smaller one may pass.
    TooLarge,
    /// Try again later: a budget is used up for the moment.
    Busy,
    /// The work was stopped by its deadline or because the caller went away.
    Cancelled,
    /// Data on disk is damaged; an operator must look.
    Corrupt,
    /// The fault is ours or the machine's.
    Internal,
}

impl ErrorKind {
    /// A name that does not change, for metrics and traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Corrupt => "corrupt",
            Self::Internal => "internal",
        }
    }
}
