//! Which attributes there are: for each table of each project the keys, their types, how many rows
//! have them and when, and frequent values. It feeds completion.
//!
//! | module | what |
//! |---|---|
//! | `frequent` | frequent values in bounded memory, with the bound of their error |
//! | `key`, `keys` | the keys of some rows, within limits; what two sets of rows have together |
//! | `collect` | from batches to keys |
//! | `coverage` | which frames a catalogue has the rows of |
//! | `codec`, `files` | catalogues on disk, in `catalogue/<table>/<project>.attributes` |
//!
//! A catalogue is derived from the tables. It is written by a flush after the commit and before
//! the rows leave memory, so that who takes a snapshot first and reads the catalogue then finds
//! every row in one of them, and by the sequence number of its frame in which. Its file says up to
//! which frame it has the rows. Whether that is all of them is seen at start, from the record ids
//! in the statistics of the files:
//!
//! - After a crash between commit and catalogue, the rows of the frames between are read again
//!   from the files; others in the same files are passed over by their record ids, also when the
//!   files were merged meanwhile.
//! - A file that is missing, damaged, or of a position that the table does not have yet is
//!   forgotten, and all rows are read again. So is one whose writing failed.
//!
//! Reading again is background work in slices, newest files first, and the catalogue says of
//! itself that it is incomplete until then. What is counted never grows too small but by that:
//! counts include rows that retention or corrections took since, as long as others have the key.
//! A key goes when retention has dropped the last partition that had it.

mod codec;
mod collect;
mod coverage;
mod files;
mod frequent;
mod key;
mod keys;
mod types;

pub(crate) use collect::{ATTRIBUTE_COLUMNS, for_each_run};
pub(crate) use coverage::Missing;
pub use files::StoredCatalogue;
pub(crate) use files::{Catalogues, Learned};
pub use key::{CatalogueKey, CatalogueValue};
pub use keys::AttributeCatalogue;
