//! What is let through: one statement that reads, of bounded size.
//!
//! The session could not write anyway (no file formats, table factories or registrations exist in
//! it); this gives the clear answer and stops what would change the session itself.

use datafusion::common::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as SqlStatement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::QueryError;

/// Nesting of parentheses and subqueries that the parser follows.
pub(crate) const NESTING_MAX: usize = 64;

/// Parentheses within each other; calls and subscripts weigh more.
const WEIGHT_MAX: usize = 30;
/// What a call or subscript weighs.
const CALL_WEIGHT: usize = 3;

/// Characters of a refused statement that its error repeats.
const QUOTED_CHARS: usize = 60;

/// Reads the one statement of `text` and refuses it unless it only reads.
///
/// # Errors
/// When the text is too large, does not parse, or is not one read-only statement.
pub fn parse(text: &str, bytes_max: usize, operators_max: usize) -> Result<Statement, QueryError> {
    check_text(text, bytes_max, operators_max)?;
    let mut statements = DFParserBuilder::new(text)
        .with_dialect(&PostgreSqlDialect {})
        .with_recursion_limit(NESTING_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| not_parsed(text, &error))?;
    let found = statements.len();
    match (statements.pop_front(), found) {
        (Some(statement), 1) => check_statement(&statement).map(|()| statement),
        _ => Err(QueryError::StatementCount { found }),
    }
}

/// Checks what parsing and planning would cost before either begins; neither can be interrupted.
/// For front ends that parse by themselves.
///
/// # Errors
/// When the text is too long, has too many operators, or nests function calls too deeply.
pub fn check_text(text: &str, bytes_max: usize, operators_max: usize) -> Result<(), QueryError> {
    if text.len() > bytes_max {
        return Err(QueryError::TextTooLong { bytes: text.len(), limit: bytes_max });
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text)
        .tokenize()
        .map_err(|error| QueryError::Invalid { message: format!("syntax error: {error}") })?;
    let found = tokens.iter().filter(|token| makes_depth(token)).count();
    if found > operators_max {
        return Err(QueryError::TooComplex { found, limit: operators_max });
    }
    check_nesting(&tokens)
}

/// The syntax tree is as deep as a chain of operators is long, and is walked recursively: their
/// number bounds it. What makes no depth is free: names, literals, dots and commas, however many
/// columns are selected and values listed.
fn makes_depth(token: &Token) -> bool {
    match token {
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Placeholder(_)
        | Token::EOF => false,
        Token::Word(word) => !matches!(word.keyword, Keyword::NoKeyword | Keyword::AS),
        _ => true,
    }
}

/// The parser reads an argument of a call or a subscript up to three times, as this and as that, and
/// what stands in parentheses of a `FROM` twice, so each level of nesting multiplies its work. The
/// weights are to scale.
fn check_nesting(tokens: &[Token]) -> Result<(), QueryError> {
    let mut open = Vec::new();
    let (mut weight, mut before) = (0, None::<&Token>);
    for token in tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        match token {
            Token::LParen | Token::LBracket => {
                let call = matches!(before, Some(Token::Word(word)) if names_a_call(word.keyword));
                let this = if call { CALL_WEIGHT } else { 1 };
                weight += this;
                open.push(this);
            }
            Token::RParen | Token::RBracket => weight -= open.pop().unwrap_or(0),
            _ => {}
        }
        if weight > WEIGHT_MAX {
            let calls = WEIGHT_MAX / CALL_WEIGHT;
            let message = format!(
                "the query is nested too deeply: at most {calls} function calls or {WEIGHT_MAX} parentheses within each other"
            );
            return Err(QueryError::Invalid { message });
        }
        before = Some(token);
    }
    Ok(())
}

/// Whether the parser may try a word before a parenthesis as the name of a function. It does so with
/// many keywords when what it tried first fails.
fn names_a_call(keyword: Keyword) -> bool {
    !matches!(
        keyword,
        Keyword::AND
            | Keyword::AS
            | Keyword::BY
            | Keyword::FROM
            | Keyword::IN
            | Keyword::JOIN
            | Keyword::ON
            | Keyword::OR
            | Keyword::OVER
            | Keyword::SELECT
            | Keyword::VALUES
            | Keyword::WHERE
    )
}

/// Refuses a statement that does more than read. For front ends that parse by themselves.
///
/// # Errors
/// When the statement is not a query, `EXPLAIN`, `SHOW` or `DESCRIBE`.
pub fn check_statement(statement: &Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Explain(explain) => check_statement(&explain.statement),
        Statement::Statement(statement) => check_sql(statement),
        other => Err(refused(other)),
    }
}

fn check_sql(statement: &SqlStatement) -> Result<(), QueryError> {
    match statement {
        SqlStatement::Query(query) => check_query(query),
        SqlStatement::Explain { statement, .. } => check_sql(statement),
        SqlStatement::ExplainTable { .. }
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. } => Ok(()),
        other => Err(refused(other)),
    }
}

/// A query whose body writes: `WITH x AS (INSERT ...)`, `SELECT ... INTO`.
fn check_query(query: &Query) -> Result<(), QueryError> {
    for table in query.with.iter().flat_map(|with| &with.cte_tables) {
        check_query(&table.query)?;
    }
    let mut bodies = vec![query.body.as_ref()];
    while let Some(body) = bodies.pop() {
        match body {
            SetExpr::Select(select) if select.into.is_some() => {
                return Err(QueryError::ReadOnly { statement: "SELECT INTO".into() });
            }
            SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Table(_) => {}
            SetExpr::Query(inner) => check_query(inner)?,
            SetExpr::SetOperation { left, right, .. } => {
                bodies.push(right);
                bodies.push(left);
            }
            other => return Err(refused(other)),
        }
    }
    Ok(())
}

fn refused(statement: &impl std::fmt::Display) -> QueryError {
    let text = statement.to_string();
    let mut words = text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    if words.chars().count() > QUOTED_CHARS {
        words = words.chars().take(QUOTED_CHARS).collect();
    }
    QueryError::ReadOnly { statement: words }
}

/// The second look, at what the text became: nothing in the plan may write, subqueries included.
///
/// # Errors
/// When some part of the plan writes or changes the session.
pub fn check_plan(plan: &LogicalPlan) -> Result<(), QueryError> {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(plan)
        .map_err(|_| QueryError::ReadOnly { statement: "a part of this query".into() })
}

/// Words that statements begin with which do more than read, in the dialects that people know.
const FORBIDDEN: [&str; 52] = [
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CACHE",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DETACH",
    "DISCARD",
    "DO",
    "DROP",
    "EXECUTE",
    "EXPORT",
    "FETCH",
    "FLUSH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "OPTIMIZE",
    "PRAGMA",
    "PREPARE",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "REPLACE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "TRUNCATE",
    "UPDATE",
    "USE",
    "VACUUM",
];

/// A statement that is not even parsed is refused for what it is when it begins like one that
/// writes. Any other word is a mistake.
fn not_parsed(text: &str, error: &DataFusionError) -> QueryError {
    let text = text.trim_start();
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    if FORBIDDEN.contains(&word.to_ascii_uppercase().as_str()) {
        refused(&text)
    } else {
        syntax(error)
    }
}

fn syntax(error: &DataFusionError) -> QueryError {
    let text = error.strip_backtrace();
    let text = text.strip_prefix("SQL error: ").unwrap_or(&text);
    let inner = text
        .strip_prefix("ParserError(\"")
        .and_then(|text| text.strip_suffix("\")"))
        .map(|text| text.replace("\\\"", "\""));
    let message = match inner {
        Some(inner) => format!("syntax error: {inner}"),
        None if text.starts_with("RecursionLimitExceeded") => {
            format!("the query is nested more than {NESTING_MAX} levels deep")
        }
        None => format!("syntax error: {text}"),
    };
    QueryError::Invalid { message }
}

#[cfg(test)]
mod tests;
