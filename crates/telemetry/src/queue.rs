//! The queue between the code that is traced and the worker. The code never waits: what does not
//! fit is counted and gone.

use std::time::Duration;

use opentelemetry::{Context, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::counters::Counters;

/// Marks the spans of background work; names the task.
const TASK: &str = "telltale.task";
/// The project that a span's work was for, when it was for one.
const PROJECT: &str = "telltale.project";

/// Takes spans as they end.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) sender: Sender<SpanData>,
    pub(crate) counters: Counters,
    /// The project that the spans are stored in here. Background work for it alone is left out:
    /// else writing a span to a file would make a span, which would be written to a file.
    pub(crate) own_project: Option<String>,
}

impl Queue {
    fn is_about_itself(&self, span: &SpanData) -> bool {
        let Some(own) = &self.own_project else { return false };
        let is_task = span.attributes.iter().any(|pair| pair.key.as_str() == TASK);
        let is_own = |value: &Value| value.as_str() == own.as_str();
        let mut pairs = span.attributes.iter();
        is_task && pairs.any(|pair| pair.key.as_str() == PROJECT && is_own(&pair.value))
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() || self.is_about_itself(&span) {
            return;
        }
        // A closed queue means that the process stops.
        if let Err(TrySendError::Full(_)) = self.sender.try_send(span) {
            self.counters.dropped(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
