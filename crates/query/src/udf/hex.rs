//! `hex_id`: ids from bytes to the lower-case hex text that SQL shows.
//!
//! It runs after filters and only for projected columns; filters compare bytes (see
//! `scan::filters`).

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use telltale_base::hex;

/// The function, shared by all plans.
pub(crate) fn hex_id() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(HexId::new())));
    Arc::clone(&FUNCTION)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HexId {
    signature: Signature,
}

impl HexId {
    fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::BinaryView], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for HexId {
    fn name(&self) -> &'static str {
        "hex_id"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.first().is_none_or(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8View, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Array(array)) => Ok(ColumnarValue::Array(hex_array(array)?)),
            Some(ColumnarValue::Scalar(ScalarValue::BinaryView(value))) => {
                let text = value.as_deref().map(hex);
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8View(text)))
            }
            _ => exec_err!("hex_id takes one binary value"),
        }
    }
}

/// The ids as hex text; null stays null.
pub(crate) fn hex_array(array: &ArrayRef) -> Result<ArrayRef> {
    let Some(ids) = array.as_binary_view_opt() else {
        return exec_err!("hex_id takes a binary view, not {}", array.data_type());
    };
    let mut builder = StringViewBuilder::with_capacity(ids.len());
    let mut text = String::with_capacity(32);
    for id in ids {
        match id {
            Some(id) => {
                text.clear();
                for byte in id {
                    text.push(digit(byte >> 4));
                    text.push(digit(byte & 15));
                }
                builder.append_value(&text);
            }
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

#[cfg(test)]
mod tests;
