//! The ledger of provider calls, kept with the records that report them.
//!
//! An export's reports are settled at the moment its place in the log is known: the rows of `calls`
//! that it makes stand in its frame, its spans get their token columns, and what it changes in
//! earlier rows goes into the same frame as corrections. So the tables are right for everything
//! acknowledged, at any moment, and a replay reads what was decided instead of deciding again.
//!
//! | module | what it does |
//! |---|---|
//! | `ledger` | the books of all projects; prepares exports |
//! | `derivation` | what one export changes, once its place is known |
//! | `call` | a call as a row, and as what stands in the log |
//! | `columns` | token columns of the spans of an export |
//! | `pricing`, `again` | what a call cost; the same for stored calls when prices change |
//! | `known`, `stored` | older reports and calls, read back from the tables |
//!
//! Never knows: HTTP, SQL text, files.

#![forbid(unsafe_code)]

mod again;
mod call;
mod columns;
mod derivation;
mod known;
mod ledger;
mod pricing;
mod stored;

pub use call::restore;
pub use known::{Found, Known, record_ids, reporting_rows};
pub use ledger::{Ledger, LedgerStats};
pub use pricing::{Pricing, ProjectPrices};
