//! Own traces, from the configuration: the layer that takes spans, and the sink they go to.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use telltale_base::Project;
use telltale_server::ports::Exporter;
use telltale_telemetry::{
    Counters, HttpSink, Limits, Resource, Sampling, Sink, Spans, TracesLayer, traces,
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::Registry;

use crate::adapters::OwnProject;
use crate::config::{TelemetrySection, Traces};

const RESOURCE: Resource = Resource { service: "telltale", version: env!("CARGO_PKG_VERSION") };

/// Own traces on their way to the sink; nothing when they are off.
#[derive(Debug)]
pub(crate) struct OwnTraces {
    spans: Option<Spans>,
    pub(crate) counters: Counters,
}

impl OwnTraces {
    /// Begins to take spans as soon as the layer is in use.
    pub(crate) fn new(section: &TelemetrySection) -> (Option<TracesLayer<Registry>>, Self) {
        let counters = Counters::default();
        let own = section.traces == Traces::Own;
        let sampling = Sampling {
            ratio: section.traces_ratio.0,
            own_project: own.then(|| section.traces_project.clone()),
        };
        if section.traces == Traces::Off {
            return (None, Self { spans: None, counters });
        }
        let (layer, spans) = traces(&RESOURCE, sampling, Limits::default(), counters.clone());
        (Some(layer), Self { spans: Some(spans), counters })
    }

    /// Where spans go.
    pub(crate) fn sink(
        section: &TelemetrySection,
        exporter: Arc<dyn Exporter>,
    ) -> Result<Arc<dyn Sink>> {
        if let Traces::To(address) = &section.traces {
            let key = section.traces_key.as_ref().map(|key| key.0.clone());
            let sink = HttpSink::new(address, key);
            return Ok(Arc::new(sink.context("configuration key `telemetry.traces`")?));
        }
        let project = Project::new(&section.traces_project)?;
        Ok(Arc::new(OwnProject { exporter, project }))
    }

    /// Hands spans on until `stop`, then what is left of them, within bounds.
    pub(crate) async fn run(self, sink: Arc<dyn Sink>, stop: CancellationToken) {
        if let Some(spans) = self.spans {
            spans.run(sink, stop).await;
        }
    }
}
