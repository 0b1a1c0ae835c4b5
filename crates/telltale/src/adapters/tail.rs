//! Tells the server of records that became visible in the store.

use std::sync::Arc;

use telltale_server::ports::{Arrival, Arrivals, Tail, TailRecords};
use telltale_store::{Appended, Store};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// The tail of a store.
#[derive(Debug)]
pub(crate) struct StoreTail(pub(crate) Arc<Store>);

impl Tail for StoreTail {
    fn arrivals(&self) -> Arrivals {
        Box::pin(futures::stream::unfold(self.0.subscribe(), next))
    }
}

type Subscription = Receiver<Arc<Appended>>;

async fn next(mut arrivals: Subscription) -> Option<(Arrival, Subscription)> {
    let arrival = match arrivals.recv().await {
        Ok(appended) => Arrival::Records(TailRecords {
            project: appended.project.clone(),
            batches: appended
                .batches
                .iter()
                .map(|(table, batch)| (table.name(), batch.clone()))
                .collect(),
        }),
        Err(RecvError::Lagged(missed)) => Arrival::Missed(missed),
        Err(RecvError::Closed) => return None,
    };
    Some((arrival, arrivals))
}
