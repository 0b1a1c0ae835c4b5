//! `google.rpc.Status` and `RetryInfo`, in protobuf and JSON, written by hand: three small messages
//! do not need a code generator.

use std::time::Duration;

use serde_json::json;

use crate::proto;

/// A gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Ok = 0,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// `google.rpc.Status`.
#[derive(Clone, Debug)]
pub(crate) struct Status<'a> {
    pub(crate) code: Code,
    pub(crate) message: &'a str,
    pub(crate) retry_after: Option<Duration>,
}

impl Status<'_> {
    pub(crate) fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        proto::int(&mut out, 1, u64::from(self.code as u8));
        proto::bytes(&mut out, 2, self.message.as_bytes());
        if let Some(delay) = self.retry_after {
            let mut duration = Vec::new();
            proto::int(&mut duration, 1, delay.as_secs());
            proto::int(&mut duration, 2, u64::from(delay.subsec_nanos()));
            let mut retry_info = Vec::new();
            proto::message(&mut retry_info, 1, &duration);
            let mut any = Vec::new();
            proto::bytes(&mut any, 1, RETRY_INFO.as_bytes());
            proto::bytes(&mut any, 2, &retry_info);
            proto::message(&mut out, 3, &any);
        }
        out
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut status = json!({ "code": self.code as u8, "message": self.message });
        if let (Some(delay), Some(status)) = (self.retry_after, status.as_object_mut()) {
            let delay = format!("{}.{:09}s", delay.as_secs(), delay.subsec_nanos());
            let detail = json!({ "@type": RETRY_INFO, "retryDelay": delay });
            status.insert("details".to_owned(), json!([detail]));
        }
        status.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests;
