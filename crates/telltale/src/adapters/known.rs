//! The query engine as the memory of the token ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use telltale_base::{Project, TraceId};
use telltale_genai::ledger::LinkKey;
use telltale_ledger::{Found, Known, record_ids, reporting_rows};
use telltale_query::{CallsWanted, Engine, QueryError};
use telltale_schema::Table;

/// See the module.
#[derive(Debug)]
pub(crate) struct EngineKnown(pub(crate) Arc<Engine>);

#[async_trait]
impl Known for EngineKnown {
    async fn find(&self, project: &Project, keys: &BTreeSet<LinkKey>) -> Result<Found, String> {
        self.look(project, keys).await.map_err(|error| error.to_string())
    }

    fn is_empty(&self, project: &Project) -> bool {
        Table::SENT.into_iter().all(|table| self.0.is_empty(project, table))
    }
}

impl EngineKnown {
    async fn look(&self, project: &Project, keys: &BTreeSet<LinkKey>) -> Result<Found, QueryError> {
        let engine = &self.0;
        let wanted = wanted(keys);
        let calls = engine.calls(project, &wanted).await?;
        let kinds = engine.kinds_of_calls(project, &wanted.metrics_of).await?;
        let mut records = Vec::new();
        for table in [Table::Spans, Table::Logs] {
            let rows = engine.rows_of_traces(project, table, &wanted.traces).await?;
            records.extend(rows.into_iter().map(|rows| (table, rows)));
        }
        // What a trace brought is not read again by its id.
        let mut ids: BTreeMap<Table, Vec<i64>> = BTreeMap::new();
        for (table, id) in reporting_rows(&calls) {
            ids.entry(table).or_default().push(id);
        }
        for (table, mut ids) in ids {
            let read = records.iter().filter(|(of, _)| *of == table);
            let read: BTreeSet<i64> = read.flat_map(|(_, rows)| record_ids(rows)).collect();
            ids.retain(|id| !read.contains(id));
            let rows = engine.rows_of_ids(project, table, &ids).await?;
            records.extend(rows.into_iter().map(|rows| (table, rows)));
        }
        Ok(Found { records, calls, kinds })
    }
}

fn wanted(keys: &BTreeSet<LinkKey>) -> CallsWanted {
    let mut wanted = CallsWanted::default();
    let mut during: Option<(i64, i64)> = None;
    let mut widen = |window: u64| {
        let (first, last) = LinkKey::bounds(window);
        let (first, last) = (first.cast_signed(), i64::try_from(last).unwrap_or(i64::MAX));
        let (from, to) = during.unwrap_or((first, last));
        during = Some((from.min(first), to.max(last)));
    };
    for key in keys {
        match key {
            LinkKey::Trace(trace) => wanted.traces.push(TraceId(trace.to_be_bytes())),
            LinkKey::ResponseId(id, window) => {
                wanted.responses.push(id.to_string());
                widen(*window);
            }
            LinkKey::Conversation(family, conversation, window) => {
                // The family stands behind the service; services may have slashes in their names.
                let service = family.rsplit_once('/').map_or("", |(service, _)| service);
                wanted.conversation_services.push(service.to_owned());
                wanted.conversations.push(conversation.to_string());
                widen(*window);
            }
            LinkKey::Service(service) => {
                wanted.metrics_of.push(service.to_string());
            }
        }
    }
    for list in
        [&mut wanted.responses, &mut wanted.conversations, &mut wanted.conversation_services]
    {
        list.sort_unstable();
        list.dedup();
    }
    CallsWanted { during, ..wanted }
}
