//! Filters of SQL as filters over stored columns, and what they say about how to scan.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use telltale_base::{Project, unhex};
use telltale_schema::{AttributeScope, ColumnType, Table, attribute_hash};

use crate::udf::hex::hex_id;

/// How ids look in a table's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    /// Lower-case hex, for SQL.
    Hex,
    /// Bytes, for our own queries.
    Bytes,
}

/// Whether the scan can take over a filter entirely. Subqueries are not expressions over rows.
pub(crate) fn supported(filter: &Expr) -> bool {
    let foreign = filter.exists(|expr| {
        Ok(matches!(
            expr,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::Placeholder(_)
        ))
    });
    !foreign.unwrap_or(true) && !filter.is_volatile()
}

/// The filter over stored columns: `project` is a constant, comparisons of ids with hex literals
/// become comparisons of bytes, and other uses of an id see its hex text.
pub(crate) fn to_stored(
    filter: Expr,
    table: Table,
    project: &Project,
    form: IdForm,
) -> Result<Expr> {
    let rewrite = |expr: Expr| {
        let rewritten = match &expr {
            Expr::BinaryExpr(binary) if form == IdForm::Hex => bytes_comparison(binary, table),
            Expr::InList(list) if form == IdForm::Hex => bytes_list(list, table),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) if is_id(inner, table) => {
                Some(unqualified(&expr))
            }
            Expr::Column(column) if column.name == "project" => {
                Some(lit(ScalarValue::Utf8View(Some(project.as_str().to_owned()))))
            }
            Expr::Column(column) if form == IdForm::Hex && is_id(&expr, table) => {
                let id = Expr::Column(Column::new_unqualified(column.name.clone()));
                Some(Expr::ScalarFunction(ScalarFunction::new_udf(hex_id(), vec![id])))
            }
            Expr::Column(_) => Some(unqualified(&expr)),
            _ => None,
        };
        Ok(match rewritten {
            Some(expr) => Transformed::new(expr, true, TreeNodeRecursion::Jump),
            None => Transformed::no(expr),
        })
    };
    Ok(filter.transform_down(rewrite)?.data)
}

fn unqualified(expr: &Expr) -> Expr {
    let strip = |expr: Expr| match expr {
        Expr::Column(column) => {
            Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column.name))))
        }
        other => Ok(Transformed::no(other)),
    };
    expr.clone().transform(strip).map_or_else(|_| expr.clone(), |transformed| transformed.data)
}

fn is_id(expr: &Expr, table: Table) -> bool {
    let Expr::Column(column) = expr else { return false };
    table.column(&column.name).is_some_and(|column| column.ty == ColumnType::Id)
}

/// A text literal as the bytes of an id. Text that is not lower-case hex equals no id; the empty
/// bytes do not either, and keep SQL's rules for null.
fn id_literal(expr: &Expr) -> Option<Expr> {
    let Expr::Literal(value, _) = expr else { return None };
    let text = text_of(value)?;
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = unhex(text).filter(|_| lower).unwrap_or_default();
    Some(lit(ScalarValue::BinaryView(Some(bytes))))
}

fn text_of(value: &ScalarValue) -> Option<&str> {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_deref()
        }
        _ => None,
    }
}

fn bytes_comparison(binary: &BinaryExpr, table: Table) -> Option<Expr> {
    if !matches!(binary.op, Operator::Eq | Operator::NotEq) {
        return None;
    }
    let (column, literal) = if is_id(&binary.left, table) {
        (&binary.left, &binary.right)
    } else if is_id(&binary.right, table) {
        (&binary.right, &binary.left)
    } else {
        return None;
    };
    let (left, right) = (unqualified(column), id_literal(literal)?);
    Some(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), binary.op, Box::new(right))))
}

fn bytes_list(list: &InList, table: Table) -> Option<Expr> {
    if !is_id(&list.expr, table) {
        return None;
    }
    let values = list.list.iter().map(id_literal).collect::<Option<Vec<_>>>()?;
    Some(Expr::InList(InList::new(Box::new(unqualified(&list.expr)), values, list.negated)))
}

/// What must hold for any row of a row group, in terms of its indexes. Every member is a list of
/// alternatives of which one must be there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lookups {
    /// Values of the table's bloom column.
    pub(crate) ids: Vec<Vec<Vec<u8>>>,
    /// Hashes of attribute pairs.
    pub(crate) attributes: Vec<Vec<u64>>,
}

impl Lookups {
    /// What a stored filter, a conjunction's member, asks of the indexes.
    pub(crate) fn add(&mut self, filter: &Expr, table: Table) {
        for column in table.bloom_columns() {
            if let Some(values) = equals(filter, &|expr| is_column(expr, column), &bytes_of) {
                self.ids.push(values);
            }
        }
        for (column, scope) in
            [("attributes", AttributeScope::Record), ("resource", AttributeScope::Resource)]
        {
            let Some(key) = json_key(filter, column) else { continue };
            let hash = |value: &Expr| indexed_hash(scope, &key, value);
            let is_access = |expr: &Expr| json_access(expr, column).is_some();
            if let Some(hashes) = equals(filter, &is_access, &hash) {
                self.attributes.push(hashes);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.attributes.is_empty()
    }
}

/// The values that the filter compares a subject with, when it is `subject = v`,
/// `subject IN (v, ...)` or an `OR` of such.
fn equals<T>(
    filter: &Expr,
    subject: &dyn Fn(&Expr) -> bool,
    value: &dyn Fn(&Expr) -> Option<T>,
) -> Option<Vec<T>> {
    match filter {
        Expr::BinaryExpr(b) if b.op == Operator::Eq && subject(&b.left) => {
            Some(vec![value(&b.right)?])
        }
        Expr::BinaryExpr(b) if b.op == Operator::Eq && subject(&b.right) => {
            Some(vec![value(&b.left)?])
        }
        Expr::BinaryExpr(b) if b.op == Operator::Or => {
            let mut values = equals(&b.left, subject, value)?;
            values.extend(equals(&b.right, subject, value)?);
            Some(values)
        }
        Expr::InList(list) if !list.negated && subject(&list.expr) => {
            list.list.iter().map(value).collect()
        }
        _ => None,
    }
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Column(column) if column.name == name)
}

fn bytes_of(expr: &Expr) -> Option<Vec<u8>> {
    match expr {
        Expr::Literal(ScalarValue::BinaryView(Some(bytes)), _) => Some(bytes.clone()),
        _ => None,
    }
}

/// The key, when the expression is `column ->> 'key'`.
fn json_access(expr: &Expr, column: &str) -> Option<String> {
    match expr {
        Expr::Alias(alias) => json_access(&alias.expr, column),
        Expr::Cast(cast) if is_text(cast.field.data_type()) => json_access(&cast.expr, column),
        Expr::ScalarFunction(function)
            if matches!(function.func.name(), "json_as_text" | "json_get_str") =>
        {
            let [json, Expr::Literal(key, _)] = function.args.as_slice() else { return None };
            is_column(json, column).then(|| text_of(key).map(str::to_owned))?
        }
        _ => None,
    }
}

fn is_text(ty: &DataType) -> bool {
    matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The key that the whole filter is about; an `OR` over different keys has none.
fn json_key(filter: &Expr, column: &str) -> Option<String> {
    match filter {
        Expr::BinaryExpr(b) if b.op == Operator::Or => {
            let key = json_key(&b.left, column)?;
            (json_key(&b.right, column)? == key).then_some(key)
        }
        Expr::BinaryExpr(b) => {
            json_access(&b.left, column).or_else(|| json_access(&b.right, column))
        }
        Expr::InList(list) => json_access(&list.expr, column),
        _ => None,
    }
}

/// The hash under which a row with this pair is indexed, or `None` when it might not be. The index
/// holds scalars as they stand in the text: what JSON escapes and what is an array or object is
/// not in it, while `->>` shows it.
fn indexed_hash(scope: AttributeScope, key: &str, value: &Expr) -> Option<u64> {
    let Expr::Literal(value, _) = value else { return None };
    let value = text_of(value)?;
    let escaped = |text: &str| text.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'));
    if escaped(key) || escaped(value) || value.starts_with(['[', '{']) {
        return None;
    }
    attribute_hash(scope, key, value)
}

/// How a filter, a conjunction's member, bears on the choice of scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cost {
    /// Compares numbers or ids.
    Cheap,
    /// Compares text.
    Text,
    /// Calls a function, such as reading JSON.
    Function,
}

pub(crate) fn cost(filter: &Expr, table: Table) -> Cost {
    let function = |expr: &Expr| {
        Ok(matches!(expr, Expr::ScalarFunction(_) | Expr::Like(_) | Expr::SimilarTo(_)))
    };
    if filter.exists(function).unwrap_or(true) {
        return Cost::Function;
    }
    let text = filter.column_refs().iter().any(|column| {
        table
            .column(&column.name)
            .is_some_and(|c| matches!(c.ty, ColumnType::Text | ColumnType::SharedText))
    });
    if text { Cost::Text } else { Cost::Cheap }
}

/// Whether few rows are likely to pass: the filter asks for certain values rather than a range.
pub(crate) fn selective(filter: &Expr) -> bool {
    match filter {
        Expr::BinaryExpr(b) => match b.op {
            Operator::And => selective(&b.left) || selective(&b.right),
            Operator::Or => selective(&b.left) && selective(&b.right),
            Operator::Eq | Operator::RegexMatch | Operator::RegexIMatch => true,
            // A threshold on something computed, such as a number in JSON.
            Operator::Gt | Operator::GtEq | Operator::Lt | Operator::LtEq => {
                !is_plain(&b.left) || !is_plain(&b.right)
            }
            _ => false,
        },
        Expr::InList(list) => !list.negated,
        Expr::Like(like) | Expr::SimilarTo(like) => !like.negated,
        Expr::ScalarFunction(_) => true,
        _ => false,
    }
}

fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::Cast(cast) => is_plain(&cast.expr),
        _ => false,
    }
}

/// Names of the columns that filters use.
pub(crate) fn columns<'a>(filters: impl IntoIterator<Item = &'a Expr>) -> BTreeSet<String> {
    let names = |expr: &'a Expr| expr.column_refs().into_iter().map(|c| c.name.clone());
    filters.into_iter().flat_map(names).collect()
}

/// Whether a filter gives the same answer before and after corrections.
pub(crate) fn is_fixed(filter: &Expr, table: Table) -> bool {
    filter
        .column_refs()
        .iter()
        .all(|column| table.column(&column.name).is_some_and(|column| !column.correctable))
}

#[cfg(test)]
mod tests;
