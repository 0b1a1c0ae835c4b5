//! What can be set about the store, with defaults.

use std::path::PathBuf;
use std::time::Duration;

use telltale_base::Project;
use telltale_schema::Table;
use telltale_wal::WalConfig;

/// Settings of a store. Every limit of the crate is here.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The data directory. Created when missing; one server at a time.
    pub dir: PathBuf,
    /// The write-ahead log's own settings.
    pub wal: WalConfig,
    /// A table is flushed when its rows in memory take this many bytes. Columns in memory take
    /// about twice the bytes that were received.
    pub flush_bytes: usize,
    /// A table is flushed when its oldest row in memory is this old.
    pub flush_age: Duration,
    /// Everything is flushed when the log is longer than this; it bounds the time of a start.
    pub wal_bytes_max: u64,
    /// Budget for rows in memory. Above it, appends are refused with `Busy`.
    pub memory_bytes: usize,
    /// Appends are refused with `Busy` when less than this is free on disk.
    pub disk_reserve_bytes: u64,
    /// What `Busy` tells clients to wait.
    pub retry_after: Duration,
    /// Appends that may wait for the log; callers beyond wait in line before it.
    pub queue_appends: usize,
    /// Appends that one write to the log takes at most.
    pub group_appends: usize,
    /// Payload bytes that one write to the log takes at most (one larger append still passes).
    pub group_bytes: usize,
    /// Appends that a slow subscriber may fall behind before it loses some.
    pub tail_appends: usize,
    /// Rows of a Parquet row group.
    pub row_group_rows: usize,
    /// Encoded bytes at which a row group ends early, for large rows.
    pub row_group_bytes: usize,
    /// Compression level of data files, 1 to 22.
    pub zstd_level: i32,
    /// When files are merged.
    pub compaction: CompactionConfig,
    /// Pending corrections are written into their files within this time.
    pub fold_interval: Duration,
    /// Limits of the catalogue of attributes.
    pub catalogue: CatalogueConfig,
    /// What is dropped; the first rule that fits decides. No rule, no dropping.
    pub retention: Vec<RetentionRule>,
    /// A file that is out of its table stays this long for readers that opened the table before.
    pub vacuum_grace: Duration,
    /// How long commits of the Delta log are kept after a checkpoint replaced them.
    pub delta_log_kept: Duration,
    /// Commits between two checkpoints of a Delta log.
    pub checkpoint_commits: u64,
    /// How often flush triggers are looked at.
    pub flush_check: Duration,
    /// Pause between two rounds of compaction, folding, retention and vacuum.
    pub maintenance_pause: Duration,
}

impl StoreConfig {
    /// Defaults for a data directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            wal: WalConfig::default(),
            flush_bytes: 128 << 20,
            flush_age: Duration::from_mins(5),
            wal_bytes_max: 128 << 20,
            memory_bytes: 1 << 30,
            disk_reserve_bytes: 512 << 20,
            retry_after: Duration::from_secs(1),
            queue_appends: 4096,
            group_appends: 1024,
            group_bytes: 16 << 20,
            tail_appends: 1024,
            row_group_rows: 128 << 10,
            row_group_bytes: 128 << 20,
            zstd_level: 1,
            compaction: CompactionConfig::default(),
            fold_interval: Duration::from_hours(1),
            catalogue: CatalogueConfig::default(),
            retention: Vec::new(),
            vacuum_grace: Duration::from_mins(10),
            delta_log_kept: Duration::from_hours(24),
            checkpoint_commits: 50,
            flush_check: Duration::from_millis(500),
            maintenance_pause: Duration::from_secs(10),
        }
    }
}

/// When the files of one (table, project, date) are merged.
#[derive(Clone, Debug)]
pub struct CompactionConfig {
    /// A file of at least this size is never merged again, and a merge is worth while when its
    /// inputs reach it.
    pub target_bytes: u64,
    /// Inputs of one merge take at most this together.
    pub input_bytes_max: u64,
    /// This many small files are merged even when they do not reach the target.
    pub files_max: usize,
    /// Files merged at once, at most.
    pub inputs_max: usize,
    /// Days after its end at which a partition's remaining small files are merged into one.
    pub settled_days: i32,
}

impl Default for CompactionConfig {
    fn default() -> Self {
        Self {
            target_bytes: 64 << 20,
            input_bytes_max: 128 << 20,
            files_max: 32,
            inputs_max: 16,
            settled_days: 1,
        }
    }
}

/// Limits of the catalogue of attributes of one table of one project. What is over one of them is
/// left out and counted, or widens the error that comes with each count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueConfig {
    /// Keys, those of resources included. When there are more, the half with the fewest rows is
    /// left out.
    pub keys_max: usize,
    /// Longest key, in bytes.
    pub key_bytes_max: usize,
    /// Values that are counted for one key. When there are more, the less frequent half is left
    /// out.
    pub values_max: usize,
    /// Longest value that is counted, in bytes: completion is for names, not for prompts.
    pub value_bytes_max: usize,
    /// Bytes of all keys and values. When there are more, each key may have fewer values.
    pub bytes_max: usize,
    /// Keys left out that are told apart.
    pub left_out_max: usize,
    /// Rows that are read to make a catalogue anew, the newest files first; older ones are left
    /// out and the catalogue says that it is incomplete.
    pub rebuild_rows_max: u64,
    /// Time that reading again may take in one round of background work.
    pub rebuild_slice: Duration,
}

impl Default for CatalogueConfig {
    fn default() -> Self {
        Self {
            keys_max: 8_192,
            key_bytes_max: 256,
            values_max: 128,
            value_bytes_max: 128,
            bytes_max: 4 << 20,
            left_out_max: 4_096,
            rebuild_rows_max: 200_000_000,
            rebuild_slice: Duration::from_secs(2),
        }
    }
}

/// What is kept of some tables and projects. Whole date partitions are dropped.
#[derive(Clone, Debug, Default)]
pub struct RetentionRule {
    /// Of this project only.
    pub project: Option<Project>,
    /// Of this table only.
    pub table: Option<Table>,
    /// Partitions that ended longer ago are dropped.
    pub age_max: Option<Duration>,
    /// The oldest partitions are dropped until the files of one table and project fit. The newest
    /// partition stays.
    pub bytes_max: Option<u64>,
}
