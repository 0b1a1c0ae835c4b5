//! How the columns of a data file are encoded: chosen by what a column holds, for size first.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::ColumnPath;
use telltale_schema::{ColumnType, Table};

use super::FileWriting;

/// False positives of a bloom filter on ids: a lookup reads one row group in a hundred in vain.
const ID_FILTER_FPP: f64 = 0.01;

/// Text columns whose values hardly repeat; a dictionary would be built and thrown away.
const UNIQUE_TEXT: &[&str] = &[
    "attributes",
    "attributes_types",
    "events",
    "events_types",
    "links",
    "links_types",
    "body",
    "body_types",
    "exemplars",
    "exemplars_types",
];

/// Numbers that are unique or spread wide.
const WIDE_INTS: &[&str] =
    &["record_id", "start_unix_nano", "time_unix_nano", "observed_unix_nano", "duration_ns"];

pub(super) fn properties(table: Table, writing: &FileWriting) -> WriterProperties {
    let level = ZstdLevel::try_new(writing.zstd_level).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("telltale ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        // Row groups are ended by the writer itself, which has an index to end with each.
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(None)
        .set_statistics_enabled(EnabledStatistics::Page);
    builder = column(builder, table, "record_id", ColumnType::Int);
    for declared in table.columns() {
        builder = column(builder, table, declared.name, declared.ty);
    }
    for name in table.bloom_columns() {
        let path = ColumnPath::from(*name);
        let rows = u64::try_from(writing.row_group_rows).unwrap_or(u64::MAX);
        builder = builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), ID_FILTER_FPP)
            .set_column_bloom_filter_max_ndv(path, rows);
    }
    builder.build()
}

fn column(
    builder: WriterPropertiesBuilder,
    table: Table,
    name: &str,
    ty: ColumnType,
) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(name);
    match ty {
        // A span's own id is unique and random: there is nothing to find in it.
        ColumnType::Id if name == "span_id" && table == Table::Spans => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
            .set_column_encoding(path.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
        // Spans of a trace, and children of a parent, repeat their ids.
        ColumnType::Id => builder
            .set_column_encoding(path.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
        ColumnType::Text if UNIQUE_TEXT.contains(&name) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
        ColumnType::Text | ColumnType::SharedText => {
            builder.set_column_encoding(path, Encoding::DELTA_LENGTH_BYTE_ARRAY)
        }
        ColumnType::Time => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        ColumnType::Int if WIDE_INTS.contains(&name) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        ColumnType::Int => builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        ColumnType::Float => builder.set_column_dictionary_enabled(path, false),
        ColumnType::Bool | ColumnType::Day | ColumnType::Ints | ColumnType::Floats => builder,
    }
}
