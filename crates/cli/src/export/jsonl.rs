//! Rows as JSON, one object a line. What is null is left out; doubles that JSON cannot say are the
//! texts `NaN`, `Infinity` and `-Infinity`.

use std::io::Write as _;

use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use telltale_base::hex;

pub(super) fn write(out: &mut Vec<u8>, batch: &RecordBatch) -> Result<(), ArrowError> {
    let schema = batch.schema();
    for row in 0..batch.num_rows() {
        out.push(b'{');
        let mut first = true;
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            if column.is_null(row) {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            json(out, field.name())?;
            out.push(b':');
            cell(out, column.as_ref(), row)?;
        }
        out.extend_from_slice(b"}\n");
    }
    Ok(())
}

fn cell(out: &mut Vec<u8>, column: &dyn Array, row: usize) -> Result<(), ArrowError> {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match column.data_type() {
        DataType::Utf8 => json(out, column.as_string::<i32>().value(row)),
        DataType::Binary => json(out, &hex(column.as_binary::<i32>().value(row))),
        DataType::Boolean => json(out, &column.as_boolean().value(row)),
        DataType::Int64 => json(out, &column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => double(out, column.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => {
            let day = Date32Type::to_naive_date_opt(column.as_primitive::<Date32Type>().value(row));
            json(out, &day.map(|day| day.to_string()))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let time = DateTime::from_timestamp_micros(micros);
            json(out, &time.map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true)))
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            out.push(b'[');
            for at in 0..items.len() {
                if at > 0 {
                    out.push(b',');
                }
                cell(out, items.as_ref(), at)?;
            }
            out.push(b']');
            Ok(())
        }
        // A column of a later version: its text is better than none.
        _ => {
            let text = ArrayFormatter::try_new(column, &FormatOptions::default())?;
            json(out, &text.value(row).to_string())
        }
    }
}

fn double(out: &mut Vec<u8>, value: f64) -> Result<(), ArrowError> {
    if value.is_finite() {
        return json(out, &value);
    }
    let text = match value {
        value if value.is_nan() => "\"NaN\"",
        value if value > 0.0 => "\"Infinity\"",
        _ => "\"-Infinity\"",
    };
    out.write_all(text.as_bytes()).map_err(Into::into)
}

fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), ArrowError> {
    serde_json::to_writer(out, value).map_err(|error| ArrowError::JsonError(error.to_string()))
}
