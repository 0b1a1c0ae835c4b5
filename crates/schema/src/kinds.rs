//! The kinds of column a table can have: value type on the way in, Arrow type in each shape.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder,
    ListBuilder, StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, TimeUnit};

use crate::nulls::nulls;

/// Longest string that an Arrow view holds inline, where sharing saves nothing.
const INLINE_VIEW_BYTES: usize = 12;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// A trace or span id: binary inside, hex text in SQL.
    Id,
    /// Text.
    Text,
    /// Text that neighbouring rows share (a resource): stored once per run in memory.
    SharedText,
    /// A 64-bit signed integer. Unsigned OTLP values keep their bits.
    Int,
    /// A double.
    Float,
    /// A truth value.
    Bool,
    /// Microseconds since 1970, UTC.
    Time,
    /// Days since 1970.
    Day,
    /// A list of 64-bit integers.
    Ints,
    /// A list of doubles.
    Floats,
}

impl ColumnType {
    /// The Arrow type in memory.
    #[must_use]
    pub fn memory(self) -> DataType {
        match self {
            Self::Id => DataType::BinaryView,
            Self::Text | Self::SharedText => DataType::Utf8View,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
            Self::Day => DataType::Date32,
            Self::Ints => list_of(DataType::Int64),
            Self::Floats => list_of(DataType::Float64),
        }
    }

    /// The Arrow type that the Delta schema is derived from.
    #[must_use]
    pub fn plain(self) -> DataType {
        match self {
            Self::Id => DataType::Binary,
            Self::Text | Self::SharedText => DataType::Utf8,
            other => other.memory(),
        }
    }

    /// The Arrow type in SQL.
    #[must_use]
    pub fn sql(self) -> DataType {
        match self {
            Self::Id => DataType::Utf8View,
            other => other.memory(),
        }
    }
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// SQL name.
    pub name: &'static str,
    /// What it holds.
    pub ty: ColumnType,
    /// Whether it can be null. `null` means absent or unknown, never zero.
    pub nullable: bool,
    /// Whether a correction may change it. Filters on the others are pushed below corrections.
    pub correctable: bool,
    /// Whether rules made it of the record's other columns: it is not part of what was sent, and
    /// can be made again.
    pub derived: bool,
    /// One sentence for people, with the unit.
    pub description: &'static str,
}

/// A kind of column: how one value is appended.
pub trait Kind {
    type Value<'a>: Copy;
    type Builder: Default;
    const TYPE: ColumnType;
    const NULLABLE: bool;
    /// See [`Column::derived`].
    const DERIVED: bool = false;
    fn append(builder: &mut Self::Builder, value: Self::Value<'_>);
    fn finish(builder: &mut Self::Builder) -> ArrayRef;
}

macro_rules! required_kind {
    ($name:ident, $value:ty, $builder:ty, $ty:expr) => {
        #[derive(Debug)]
        pub struct $name;
        impl Kind for $name {
            type Value<'a> = $value;
            type Builder = Built<$builder>;
            const TYPE: ColumnType = $ty;
            const NULLABLE: bool = false;
            fn append(builder: &mut Self::Builder, value: Self::Value<'_>) {
                builder.0.append_value(value);
            }
            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                Arc::new(builder.0.finish())
            }
        }
    };
}

macro_rules! optional_kind {
    ($name:ident, $value:ty, $builder:ty, $ty:expr) => {
        #[derive(Debug)]
        pub struct $name;
        impl Kind for $name {
            type Value<'a> = Option<$value>;
            type Builder = Built<$builder>;
            const TYPE: ColumnType = $ty;
            const NULLABLE: bool = true;
            fn append(builder: &mut Self::Builder, value: Self::Value<'_>) {
                match value {
                    Some(value) => builder.0.append_value(value),
                    None => builder.0.append_null(),
                }
            }
            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                Arc::new(builder.0.finish())
            }
        }
    };
}

/// An optional kind of derived column, null in most batches: a batch without a value costs nothing.
macro_rules! rare_kind {
    ($name:ident, $value:ty, $builder:ty, $ty:expr) => {
        #[derive(Debug)]
        pub struct $name;
        impl Kind for $name {
            type Value<'a> = Option<$value>;
            type Builder = Rare<Built<$builder>>;
            const TYPE: ColumnType = $ty;
            const NULLABLE: bool = true;
            const DERIVED: bool = true;
            #[inline]
            fn append(rare: &mut Self::Builder, value: Self::Value<'_>) {
                match (&mut rare.builder, value) {
                    (None, None) => rare.nulls += 1,
                    (None, Some(value)) => {
                        let builder = rare.builder.insert(Box::default());
                        (0..rare.nulls).for_each(|_| builder.0.append_null());
                        builder.0.append_value(value);
                    }
                    (Some(builder), None) => builder.0.append_null(),
                    (Some(builder), Some(value)) => builder.0.append_value(value),
                }
            }
            fn finish(rare: &mut Self::Builder) -> ArrayRef {
                match rare.builder.take() {
                    None => nulls(&Self::TYPE.memory(), std::mem::take(&mut rare.nulls)),
                    Some(mut builder) => Arc::new(builder.0.finish()),
                }
            }
        }
    };
}

/// The state of a rare column: how many nulls came before the first value, then a builder.
#[derive(Debug)]
pub struct Rare<B> {
    nulls: usize,
    builder: Option<Box<B>>,
}

impl<B> Default for Rare<B> {
    fn default() -> Self {
        Self { nulls: 0, builder: None }
    }
}

/// A kind and its optional sibling.
macro_rules! kind {
    ($name:ident, $optional:ident, $value:ty, $builder:ty, $ty:expr) => {
        required_kind!($name, $value, $builder, $ty);
        optional_kind!($optional, $value, $builder, $ty);
    };
}

/// A builder made with the column's exact Arrow type.
#[derive(Debug)]
pub struct Built<B>(B);

macro_rules! default_built {
    ($($builder:ty),*) => {$(
        impl Default for Built<$builder> {
            fn default() -> Self {
                Self(<$builder>::new())
            }
        }
    )*};
}
default_built!(
    BinaryViewBuilder,
    StringViewBuilder,
    Int64Builder,
    Float64Builder,
    BooleanBuilder,
    Date32Builder,
    SharedBuilder
);

impl Default for Built<TimestampMicrosecondBuilder> {
    fn default() -> Self {
        Self(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
    }
}

kind!(Id, OptId, &'a [u8], BinaryViewBuilder, ColumnType::Id);
kind!(Text, OptText, &'a str, StringViewBuilder, ColumnType::Text);
kind!(SharedText, OptSharedText, &'a str, SharedBuilder, ColumnType::SharedText);
kind!(Int, OptInt, i64, Int64Builder, ColumnType::Int);
optional_kind!(OptFloat, f64, Float64Builder, ColumnType::Float);
optional_kind!(OptBool, bool, BooleanBuilder, ColumnType::Bool);
rare_kind!(RareText, &'a str, StringViewBuilder, ColumnType::Text);
rare_kind!(RareInt, i64, Int64Builder, ColumnType::Int);
rare_kind!(RareFloat, f64, Float64Builder, ColumnType::Float);
required_kind!(Time, i64, TimestampMicrosecondBuilder, ColumnType::Time);

/// The day of the partition, which is not a declared column.
#[derive(Debug)]
pub(crate) struct Day;
impl Kind for Day {
    type Value<'a> = i32;
    type Builder = Built<Date32Builder>;
    const TYPE: ColumnType = ColumnType::Day;
    const NULLABLE: bool = false;
    fn append(builder: &mut Self::Builder, value: Self::Value<'_>) {
        builder.0.append_value(value);
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.0.finish())
    }
}

macro_rules! list_kind {
    ($name:ident, $item:ty, $builder:ty, $ty:expr) => {
        #[derive(Debug)]
        pub struct $name;
        impl Kind for $name {
            type Value<'a> = Option<&'a [$item]>;
            type Builder = ListBuilder<$builder>;
            const TYPE: ColumnType = $ty;
            const NULLABLE: bool = true;
            fn append(builder: &mut Self::Builder, value: Self::Value<'_>) {
                if let Some(items) = value {
                    builder.values().append_slice(items);
                }
                builder.append(value.is_some());
            }
            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                Arc::new(builder.finish())
            }
        }
    };
}
list_kind!(OptInts, i64, Int64Builder, ColumnType::Ints);
list_kind!(OptFloats, f64, Float64Builder, ColumnType::Floats);

/// A string view builder that stores a run of equal long strings once.
#[derive(Debug)]
pub struct SharedBuilder {
    views: StringViewBuilder,
    last: String,
    block: u32,
}

impl SharedBuilder {
    pub(crate) fn new() -> Self {
        Self { views: StringViewBuilder::new(), last: String::new(), block: 0 }
    }

    pub(crate) fn append_value(&mut self, value: &str) {
        if value.len() <= INLINE_VIEW_BYTES {
            self.views.append_value(value);
            return;
        }
        if self.last != value {
            self.block = self.views.append_block(Buffer::from(value.as_bytes()));
            value.clone_into(&mut self.last);
        }
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        if self.views.try_append_view(self.block, 0, length).is_err() {
            self.views.append_value(value);
        }
    }

    pub(crate) fn append_null(&mut self) {
        self.views.append_null();
    }

    pub(crate) fn finish(&mut self) -> arrow::array::StringViewArray {
        self.last.clear();
        self.views.finish()
    }
}
