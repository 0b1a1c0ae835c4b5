//! One cell as JSON text. The other text forms borrow it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat, Utc};
use telltale_base::hex;

use crate::error::QueryError;

/// Levels of nested lists and structs that are written.
const NESTING_MAX: usize = 32;

/// The name of a column's type in results.
#[must_use]
pub fn type_name(ty: &DataType) -> String {
    match ty {
        DataType::Null => "null".into(),
        DataType::Boolean => "boolean".into(),
        ty if ty.is_signed_integer() => "int64".into(),
        ty if ty.is_unsigned_integer() => "uint64".into(),
        ty if ty.is_floating() => "float64".into(),
        DataType::Decimal128(..) | DataType::Decimal256(..) => "decimal".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Union(..) => {
            "text".into()
        }
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "binary".into(),
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time".into(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".into(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("list<{}>", type_name(item.data_type())),
        DataType::Dictionary(_, value) => type_name(value),
        DataType::Struct(_) => "struct".into(),
        DataType::Map(..) => "map".into(),
        other => other.to_string().to_lowercase(),
    }
}

/// A column in one of few types, so that writing a cell has few cases.
pub(super) fn simplify(column: &ArrayRef) -> Result<ArrayRef, QueryError> {
    let target = match column.data_type() {
        DataType::Dictionary(_, value) => value.as_ref().clone(),
        ty if ty.is_signed_integer() => DataType::Int64,
        ty if ty.is_unsigned_integer() => DataType::UInt64,
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            DataType::BinaryView
        }
        DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => DataType::List(Arc::clone(item)),
        _ => return Ok(ArrayRef::clone(column)),
    };
    let simple = cast(column, &target)?;
    if matches!(column.data_type(), DataType::Dictionary(..)) {
        simplify(&simple)
    } else {
        Ok(simple)
    }
}

/// Writes one cell of a simplified column.
pub(super) fn write(
    out: &mut Vec<u8>,
    column: &ArrayRef,
    row: usize,
    depth: usize,
) -> Result<(), QueryError> {
    if column.is_null(row) || depth > NESTING_MAX {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match column.data_type() {
        DataType::Null => out.extend_from_slice(b"null"),
        DataType::Boolean => {
            let text = if column.as_boolean().value(row) { "true" } else { "false" };
            out.extend_from_slice(text.as_bytes());
        }
        DataType::Int64 => json(out, &column.as_primitive::<Int64Type>().value(row))?,
        DataType::UInt64 => json(out, &column.as_primitive::<UInt64Type>().value(row))?,
        DataType::Float64 => float(out, column.as_primitive::<Float64Type>().value(row))?,
        DataType::Utf8View => json(out, column.as_string_view().value(row))?,
        DataType::BinaryView => json(out, &hex(column.as_binary_view().value(row)))?,
        DataType::Date32 | DataType::Date64 => json(out, &date(column, row))?,
        DataType::Timestamp(unit, _) => json(out, &timestamp(column, *unit, row))?,
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            out.extend_from_slice(display(column, row)?.as_bytes());
        }
        DataType::List(_) => {
            let items = simplify(&column.as_list::<i32>().value(row))?;
            list(out, &items, depth)?;
        }
        DataType::Struct(_) => object(out, column.as_struct(), row, depth)?,
        _ => json(out, &display(column, row)?)?,
    }
    Ok(())
}

fn json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), QueryError> {
    serde_json::to_writer(out, value).map_err(QueryError::internal)
}

/// JSON has no form for what is not finite: those are strings.
fn float(out: &mut Vec<u8>, value: f64) -> Result<(), QueryError> {
    if value.is_finite() {
        return json(out, &value);
    }
    let text = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    json(out, text)
}

fn list(out: &mut Vec<u8>, items: &ArrayRef, depth: usize) -> Result<(), QueryError> {
    out.push(b'[');
    for row in 0..items.len() {
        if row > 0 {
            out.push(b',');
        }
        write(out, items, row, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

fn object(
    out: &mut Vec<u8>,
    value: &StructArray,
    row: usize,
    depth: usize,
) -> Result<(), QueryError> {
    out.push(b'{');
    for (at, (field, column)) in value.fields().iter().zip(value.columns()).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json(out, field.name())?;
        out.push(b':');
        write(out, &simplify(column)?, row, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

fn display(column: &ArrayRef, row: usize) -> Result<String, QueryError> {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default())?;
    Ok(formatter.value(row).to_string())
}

fn date(column: &ArrayRef, row: usize) -> String {
    const DAY_SECONDS: i64 = 86_400;
    let seconds = match column.data_type() {
        DataType::Date32 => i64::from(column.as_primitive::<Date32Type>().value(row)) * DAY_SECONDS,
        _ => column.as_primitive::<Date64Type>().value(row).div_euclid(1_000),
    };
    DateTime::<Utc>::from_timestamp(seconds, 0)
        .map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%d").to_string())
}

/// RFC 3339 in UTC, with the digits that the type has. A value beyond the calendar stays a number.
fn timestamp(column: &ArrayRef, unit: TimeUnit, row: usize) -> String {
    let (value, time, digits) = match unit {
        TimeUnit::Second => {
            let v = column.as_primitive::<TimestampSecondType>().value(row);
            (v, DateTime::<Utc>::from_timestamp(v, 0), SecondsFormat::Secs)
        }
        TimeUnit::Millisecond => {
            let v = column.as_primitive::<TimestampMillisecondType>().value(row);
            (v, DateTime::from_timestamp_millis(v), SecondsFormat::Millis)
        }
        TimeUnit::Microsecond => {
            let v = column.as_primitive::<TimestampMicrosecondType>().value(row);
            (v, DateTime::from_timestamp_micros(v), SecondsFormat::Micros)
        }
        TimeUnit::Nanosecond => {
            let v = column.as_primitive::<TimestampNanosecondType>().value(row);
            (v, Some(DateTime::from_timestamp_nanos(v)), SecondsFormat::Nanos)
        }
    };
    time.map_or_else(|| value.to_string(), |time| time.to_rfc3339_opts(digits, true))
}
