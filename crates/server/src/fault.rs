//! Why a request was not done, before it is known in which form the client wants to hear it.
//!
//! One table holds what each reason is in HTTP and in gRPC; the rest of the crate only names
//! reasons.

use std::time::Duration;

use http::StatusCode;
use telltale_base::ErrorKind;
use telltale_meta::MetaError;

use crate::ports::Refusal;
use crate::rpc_status::Code;

/// A reason, in terms of what the client must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Invalid,
    Unauthenticated,
    Denied,
    NotFound,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    TooMany,
    UnsupportedMedia,
    NotAcceptable,
    SlowBody,
    Busy,
    Cancelled,
    HttpVersion,
    Internal,
}

impl Reason {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Cancelled => StatusCode::GATEWAY_TIMEOUT,
            Self::HttpVersion => StatusCode::UPGRADE_REQUIRED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The gRPC code. OTLP calls some of them retryable, so that a fault that is final must not get
    /// one of those: over a limit is `RESOURCE_EXHAUSTED` without `RetryInfo`, never
    /// `OUT_OF_RANGE`.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Invalid | Self::UnsupportedMedia | Self::NotAcceptable => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Denied => Code::PermissionDenied,
            Self::NotFound | Self::MethodNotAllowed | Self::HttpVersion => Code::Unimplemented,
            Self::Conflict => Code::FailedPrecondition,
            Self::TooLarge => Code::ResourceExhausted,
            Self::SlowBody | Self::Cancelled => Code::DeadlineExceeded,
            Self::Busy | Self::TooMany => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    /// The last part of the problem's type, and its title.
    pub(crate) fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Invalid => ("invalid-request", "The request is wrong"),
            Self::Unauthenticated => ("unauthenticated", "A valid API key is needed"),
            Self::Denied => ("denied", "This is not allowed"),
            Self::NotFound => ("not-found", "There is no such thing"),
            Self::MethodNotAllowed => ("method-not-allowed", "The path knows other methods"),
            Self::Conflict => ("conflict", "The request conflicts with what exists"),
            Self::TooLarge => ("too-large", "The request is over a limit"),
            Self::TooMany => ("too-many", "There were too many attempts"),
            Self::UnsupportedMedia => ("unsupported-media-type", "The body's type is not known"),
            Self::NotAcceptable => ("not-acceptable", "No form that was asked for can be had"),
            Self::SlowBody => ("slow-body", "The body did not arrive in time"),
            Self::Busy => ("busy", "Try again in a moment"),
            Self::Cancelled => ("deadline", "The request took too long"),
            Self::HttpVersion => ("http-version", "Another version of HTTP is needed"),
            Self::Internal => ("internal", "Something is wrong here"),
        }
    }
}

/// A reason with its story.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
    pub(crate) retry_after: Option<Duration>,
}

/// Most bytes of a story: input is quoted in it, and gRPC clients refuse more than 8 KiB of headers.
const DETAIL_BYTES_MAX: usize = 1024;

impl Fault {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if detail.len() > DETAIL_BYTES_MAX {
            let end = detail.floor_char_boundary(DETAIL_BYTES_MAX);
            detail.truncate(end);
            detail.push_str(" ...");
        }
        let retry_after = (reason == Reason::Busy).then_some(Duration::from_secs(1));
        Self { reason, detail, retry_after }
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, detail)
    }
}

impl From<ErrorKind> for Reason {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Invalid,
            ErrorKind::Unauthenticated => Self::Unauthenticated,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::TooLarge => Self::TooLarge,
            ErrorKind::Busy => Self::Busy,
            ErrorKind::Cancelled => Self::Cancelled,
            ErrorKind::Corrupt | ErrorKind::Internal => Self::Internal,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let mut fault = Self::new(refusal.kind.into(), refusal.message);
        fault.retry_after = refusal.retry_after.or(fault.retry_after);
        fault
    }
}

impl From<MetaError> for Fault {
    fn from(error: MetaError) -> Self {
        let reason = Reason::from(error.kind());
        if reason == Reason::Internal {
            // The cause names files of this machine: it belongs in the log.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the metadata database failed");
        }
        Self::new(reason, error.to_string())
    }
}
