//! Stores own traces here, through the same port as everyone's exports: masked, limited, durable,
//! and told to come back when the server is busy with those of others.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use telltale_base::{ErrorKind, Project, Signal};
use telltale_server::ports::{Encoding, Exporter};
use telltale_telemetry::{Sink, SinkError};

/// A project of this server as the sink of own traces.
#[derive(Debug)]
pub(crate) struct OwnProject {
    pub(crate) exporter: Arc<dyn Exporter>,
    pub(crate) project: Project,
}

#[async_trait]
impl Sink for OwnProject {
    async fn export(&self, body: Bytes) -> Result<u64, SinkError> {
        let encoding = Encoding::Protobuf;
        let stored = self.exporter.export(&self.project, Signal::Traces, encoding, body).await;
        match stored {
            Ok(receipt) => Ok(receipt.rejected),
            Err(refusal) if refusal.kind == ErrorKind::Busy => {
                Err(SinkError::Later(refusal.message))
            }
            Err(refusal) => Err(SinkError::Never(refusal.message)),
        }
    }
}
