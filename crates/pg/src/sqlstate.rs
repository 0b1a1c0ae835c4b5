//! Errors of the engine in PostgreSQL's terms: tools act on the code, people read the message.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use pgwire::error::PgWireError;

use crate::error::{code, error};

/// An error that a statement met, with its code.
pub(crate) fn explained(met: PgWireError) -> PgWireError {
    match met {
        PgWireError::ApiError(cause) => match cause.downcast_ref::<DataFusionError>() {
            Some(cause) => error(of(cause), telltale_query::message(cause)),
            // The library's parser has errors of its own and nothing else does.
            None => error(code::SYNTAX, cause.to_string()),
        },
        PgWireError::ParameterIndexOutOfBound(_) => error(code::PROTOCOL, met.to_string()),
        met => met,
    }
}

/// The code of an error of the engine.
pub(crate) fn of(error: &DataFusionError) -> &'static str {
    match error.find_root() {
        DataFusionError::SQL(..) => code::SYNTAX,
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { .. } => code::UNDEFINED_COLUMN,
            SchemaError::AmbiguousReference { .. } => code::AMBIGUOUS_COLUMN,
            _ => code::DUPLICATE_COLUMN,
        },
        DataFusionError::Plan(text) => of_plan(text),
        DataFusionError::NotImplemented(_) => code::NOT_SUPPORTED,
        DataFusionError::Configuration(_) => code::INVALID_PARAMETER,
        DataFusionError::ResourcesExhausted(_) => code::OUT_OF_MEMORY,
        DataFusionError::ArrowError(error, _) => of_arrow(error),
        DataFusionError::Execution(text) if text.contains("the limit is") => code::PROGRAM_LIMIT,
        DataFusionError::Execution(text) if text.contains("Placeholder") => {
            code::UNDEFINED_PARAMETER
        }
        DataFusionError::Execution(_) => code::DATA_EXCEPTION,
        DataFusionError::ParquetError(_) => code::CORRUPTED,
        error if telltale_query::is_timeout(error) => code::QUERY_CANCELED,
        _ => code::INTERNAL,
    }
}

fn of_plan(text: &str) -> &'static str {
    let says = |sign: &str| text.contains(sign);
    if says("table '") && says("not found") {
        code::UNDEFINED_TABLE
    } else if says("No field named") {
        code::UNDEFINED_COLUMN
    } else if says("laceholder") {
        code::UNDEFINED_PARAMETER
    } else if says("Invalid function") || says("No function matches") {
        code::UNDEFINED_FUNCTION
    } else {
        code::WRONG
    }
}

fn of_arrow(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::DivideByZero => code::DIVISION_BY_ZERO,
        ArrowError::ArithmeticOverflow(_) => code::OUT_OF_RANGE,
        ArrowError::CastError(_) | ArrowError::ParseError(_) => code::INVALID_TEXT,
        ArrowError::OffsetOverflowError(_) => code::PROGRAM_LIMIT,
        ArrowError::ParquetError(_) => code::CORRUPTED,
        ArrowError::MemoryError(_) => code::OUT_OF_MEMORY,
        ArrowError::IoError(..) | ArrowError::ExternalError(_) => code::INTERNAL,
        _ => code::DATA_EXCEPTION,
    }
}

#[cfg(test)]
mod tests;
