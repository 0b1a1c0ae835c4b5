//! The columns of each table, in one declaration a table: row struct, builder and documentation.

mod calls;
mod histograms;
mod logs;
mod metrics;
mod spans;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::kinds::{Column, ColumnType};

pub use calls::{CallRow, CallsBuilder};
pub use histograms::{HistogramRow, HistogramsBuilder};
pub use logs::{LogRow, LogsBuilder};
pub use metrics::{MetricRow, MetricsBuilder};
pub use spans::{SpanRow, SpansBuilder};

/// Version of the set of columns, written into the data directory and every Parquet file.
/// Columns are only ever added, nullable; a version names one such set.
pub const SCHEMA_VERSION: u32 = 3;

/// Columns of `spans` that the ledger fills: each call is shown on exactly one span.
pub const LEDGER_COLUMNS: [&str; 8] = [
    "usage_source",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
    "price_source",
];

/// A `record_id` is the WAL sequence number of the record's frame, shifted left by this many bits,
/// plus the record's place in the frame.
pub const RECORD_ORDINAL_BITS: u32 = 24;

/// A table of telemetry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row a span.
    Spans,
    /// One row a log record.
    Logs,
    /// One row a number data point (gauges and sums).
    Metrics,
    /// One row a distribution data point (histograms, exponential histograms, summaries).
    Histograms,
    /// One row a provider call: the ledger, made of the other tables' records.
    Calls,
}

/// The columns that stand before the declared ones.
const RECORD_ID: Column = Column {
    name: "record_id",
    ty: ColumnType::Int,
    nullable: false,
    correctable: false,
    derived: false,
    description: "Identity of the row within its table; later arrivals have larger ids.",
};
const DATE: Column = Column {
    name: "date",
    ty: ColumnType::Day,
    nullable: false,
    correctable: false,
    derived: false,
    description: "UTC day of the row's partition: the record's own day when plausible, else the day it arrived.",
};

struct Shapes {
    memory: SchemaRef,
    file: SchemaRef,
    delta: SchemaRef,
    sql: SchemaRef,
}

static SHAPES: LazyLock<[Shapes; 5]> = LazyLock::new(|| Table::ALL.map(shapes));

fn shapes(table: Table) -> Shapes {
    let field = |c: &Column, ty: DataType| Field::new(c.name, ty, c.nullable);
    let project = Field::new("project", DataType::Utf8, false);
    let all = || std::iter::once(&RECORD_ID).chain(table.columns());
    let memory = std::iter::once(&RECORD_ID).chain([&DATE]).chain(table.columns());
    let partitions = || [project.clone(), field(&DATE, DataType::Date32)].into_iter();
    // Delta readers treat a column that old files lack as null, so the log declares all nullable.
    let delta = partitions().chain(all().map(|c| field(c, c.ty.plain())));
    let sql_project = Field::new("project", DataType::Utf8View, false);
    let sql = [sql_project, field(&DATE, DataType::Date32)].into_iter();
    Shapes {
        memory: Arc::new(Schema::new(memory.map(|c| field(c, c.ty.memory())).collect::<Vec<_>>())),
        file: Arc::new(Schema::new(all().map(|c| field(c, c.ty.memory())).collect::<Vec<_>>())),
        delta: Arc::new(Schema::new(delta.map(|f| f.with_nullable(true)).collect::<Vec<_>>())),
        sql: Arc::new(Schema::new(
            sql.chain(all().map(|c| field(c, c.ty.sql()))).collect::<Vec<_>>(),
        )),
    }
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 5] =
        [Self::Spans, Self::Logs, Self::Metrics, Self::Histograms, Self::Calls];

    /// The tables that clients send records to; the others are made of these.
    pub const SENT: [Self; 4] = [Self::Spans, Self::Logs, Self::Metrics, Self::Histograms];

    /// SQL name, also the folder's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Histograms => "histograms",
            Self::Calls => "calls",
        }
    }

    /// The table of a SQL name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The stable on-disk code; never reuse one.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Spans => 1,
            Self::Logs => 2,
            Self::Metrics => 3,
            Self::Histograms => 4,
            Self::Calls => 5,
        }
    }

    /// The table of an on-disk code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.code() == code)
    }

    /// What one row is, for people.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Spans => "One row a span: an operation with a start, a duration and a parent.",
            Self::Logs => "One row a log record or event.",
            Self::Metrics => "One row a data point of a gauge or sum.",
            Self::Histograms => {
                "One row a data point of a histogram, exponential histogram or summary."
            }
            Self::Calls => {
                "One row a call of a model provider, whichever signals reported it: tokens and cost, each once."
            }
        }
    }

    /// The declared columns, without `record_id`, `date` and `project`.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Spans => spans::COLUMNS,
            Self::Logs => logs::COLUMNS,
            Self::Metrics => metrics::COLUMNS,
            Self::Histograms => histograms::COLUMNS,
            Self::Calls => calls::COLUMNS,
        }
    }

    /// The column of a name, `record_id` and `date` included.
    #[must_use]
    pub fn column(self, name: &str) -> Option<&'static Column> {
        [&RECORD_ID, &DATE].into_iter().chain(self.columns()).find(|c| c.name == name)
    }

    /// The column that files are sorted by within equal `sort_prefix`, in nanoseconds.
    #[must_use]
    pub fn time_column(self) -> &'static str {
        match self {
            Self::Spans | Self::Calls => "start_unix_nano",
            Self::Logs | Self::Metrics | Self::Histograms => "time_unix_nano",
        }
    }

    /// The timestamp column of the same instant in SQL.
    #[must_use]
    pub fn timestamp_column(self) -> &'static str {
        match self {
            Self::Spans | Self::Calls => "start_time",
            Self::Logs | Self::Metrics | Self::Histograms => "time",
        }
    }

    /// The columns that files are sorted by before time.
    #[must_use]
    pub fn sort_prefix(self) -> &'static [&'static str] {
        match self {
            Self::Spans => &["service_name", "name"],
            Self::Logs | Self::Calls => &["service_name"],
            Self::Metrics | Self::Histograms => &["name", "service_name", "attributes"],
        }
    }

    /// Columns whose files carry a bloom filter.
    #[must_use]
    pub fn bloom_columns(self) -> &'static [&'static str] {
        match self {
            Self::Spans | Self::Logs | Self::Calls => &["trace_id"],
            Self::Metrics | Self::Histograms => &[],
        }
    }

    fn shape(self) -> &'static Shapes {
        let [spans, logs, metrics, histograms, calls] = &*SHAPES;
        match self {
            Self::Spans => spans,
            Self::Logs => logs,
            Self::Metrics => metrics,
            Self::Histograms => histograms,
            Self::Calls => calls,
        }
    }

    /// Arrow schema in memory.
    #[must_use]
    pub fn memory_schema(self) -> SchemaRef {
        Arc::clone(&self.shape().memory)
    }

    /// Arrow schema of the Parquet files.
    #[must_use]
    pub fn file_schema(self) -> SchemaRef {
        Arc::clone(&self.shape().file)
    }

    /// Arrow schema that the Delta log's schema is made of; all nullable.
    #[must_use]
    pub fn delta_schema(self) -> SchemaRef {
        Arc::clone(&self.shape().delta)
    }

    /// Arrow schema that SQL sees.
    #[must_use]
    pub fn sql_schema(self) -> SchemaRef {
        Arc::clone(&self.shape().sql)
    }
}

/// Declares a table: the row struct, its builder and the column list, in one order.
macro_rules! table {
    (
        $(#[$row_doc:meta])* row $row:ident;
        $(#[$builder_doc:meta])* builder $builder:ident for $table:expr;
        $($name:ident: $kind:ident $(($fixed:ident))? = $doc:literal,)*
    ) => {
        $(#[$row_doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $row<'a> {
            /// UTC day of the partition, in days since 1970.
            pub date: i32,
            $(#[doc = $doc] pub $name: <$crate::kinds::$kind as $crate::kinds::Kind>::Value<'a>,)*
            #[doc(hidden)]
            pub _borrow: std::marker::PhantomData<&'a str>,
        }

        $(#[$builder_doc])*
        #[derive(Default)]
        pub struct $builder {
            rows: usize,
            date: <$crate::kinds::Day as $crate::kinds::Kind>::Builder,
            $($name: <$crate::kinds::$kind as $crate::kinds::Kind>::Builder,)*
        }

        impl std::fmt::Debug for $builder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($builder)).field("rows", &self.rows).finish_non_exhaustive()
            }
        }

        impl $builder {
            /// An empty builder.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            /// Rows appended so far.
            #[must_use]
            pub fn len(&self) -> usize {
                self.rows
            }

            /// Whether no row was appended.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.rows == 0
            }

            /// Appends one row.
            pub fn append(&mut self, row: &$row<'_>) {
                use $crate::kinds::Kind;
                self.rows += 1;
                $crate::kinds::Day::append(&mut self.date, row.date);
                $($crate::kinds::$kind::append(&mut self.$name, row.$name);)*
            }

            /// The rows as a batch of the table's memory schema; `record_id` counts from zero.
            ///
            /// # Errors
            /// Never in practice: the columns are built to the schema that is asked for.
            pub fn finish(
                mut self,
            ) -> Result<arrow::record_batch::RecordBatch, arrow::error::ArrowError> {
                use $crate::kinds::Kind;
                let ordinals = (0_i64..).take(self.rows);
                let columns: Vec<arrow::array::ArrayRef> = vec![
                    std::sync::Arc::new(arrow::array::Int64Array::from_iter_values(ordinals)),
                    $crate::kinds::Day::finish(&mut self.date),
                    $($crate::kinds::$kind::finish(&mut self.$name),)*
                ];
                arrow::record_batch::RecordBatch::try_new($table.memory_schema(), columns)
            }
        }

        pub(super) const COLUMNS: &[$crate::kinds::Column] = &[$(
            $crate::kinds::Column {
                name: stringify!($name),
                ty: <$crate::kinds::$kind as $crate::kinds::Kind>::TYPE,
                nullable: <$crate::kinds::$kind as $crate::kinds::Kind>::NULLABLE,
                correctable: true $(&& $crate::tables::$fixed)?,
                derived: <$crate::kinds::$kind as $crate::kinds::Kind>::DERIVED,
                description: $doc,
            },
        )*];
    };
}
use table;

/// Marks a column that corrections never change, in the declarations above.
#[expect(non_upper_case_globals, reason = "reads as a word in the table declarations")]
const fixed: bool = false;

#[cfg(test)]
mod tests;
