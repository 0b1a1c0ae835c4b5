//! Reads literal Python: one published price list is a module of constructor calls.
//!
//! Only literals and calls by name are understood, which is all that such a module holds, and
//! nothing of it is run.

use anyhow::{Context, Result, bail};

/// Nesting that a price list may have.
const DEPTH_MAX: usize = 64;

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Py {
    None,
    Text(String),
    /// Numbers stay as written.
    Number(String),
    Bool(bool),
    List(Vec<Py>),
    Dict(Vec<(Py, Py)>),
    /// A call, or a bare name if it has no arguments at all.
    Call {
        name: String,
        args: Vec<Py>,
        named: Vec<(String, Py)>,
    },
}

impl Py {
    /// A named argument of a call; `None` where it is absent or Python's `None`.
    pub(super) fn field(&self, key: &str) -> Option<&Py> {
        let Py::Call { named, .. } = self else { return None };
        named
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
            .filter(|v| **v != Py::None)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Py::Text(text) | Py::Number(text) => Some(text),
            // `Decimal('0.5')`
            Py::Call { args, .. } if args.len() == 1 => args.first().and_then(Py::text),
            _ => None,
        }
    }

    pub(super) fn call_name(&self) -> &str {
        if let Py::Call { name, .. } = self { name } else { "" }
    }

    pub(super) fn items(&self) -> &[Py] {
        match self {
            Py::List(items) => items,
            Py::Call { args, .. } => args,
            _ => &[],
        }
    }
}

/// Reads the value that is assigned after `marker`.
pub(super) fn parse_after(module: &str, marker: &str) -> Result<Py> {
    let (_, text) = module.split_once(marker).with_context(|| format!("no {marker:?} in it"))?;
    let mut reader = Reader { text, depth: 0 };
    let value = reader.value();
    value.with_context(|| {
        let line = module.len().saturating_sub(reader.text.len());
        let line = module.get(..line).unwrap_or_default().lines().count();
        format!("line {line}")
    })
}

struct Reader<'a> {
    text: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.text = self.text.trim_start();
        self.text.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.text = self.text.strip_prefix(wanted).unwrap_or_default();
        }
        found
    }

    fn value(&mut self) -> Result<Py> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            bail!("nested deeper than {DEPTH_MAX}");
        }
        let value = match self.peek().context("the text ends within a value")? {
            '\'' | '"' => self.strings(),
            '[' => self.list('[', ']').map(Py::List),
            '(' => self.parenthesised(),
            '{' => self.dict(),
            c if c.is_ascii_digit() || c == '-' => Ok(Py::Number(self.word())),
            c if c.is_alphabetic() || c == '_' => self.name(),
            c => bail!("unexpected {c:?}"),
        };
        self.depth -= 1;
        value
    }

    fn word(&mut self) -> String {
        let part = |c: char| c.is_alphanumeric() || "._-".contains(c);
        let end = self.text.find(|c| !part(c)).unwrap_or(self.text.len());
        let (word, rest) = self.text.split_at(end);
        self.text = rest;
        word.to_owned()
    }

    fn name(&mut self) -> Result<Py> {
        let name = self.word();
        match name.as_str() {
            "None" => return Ok(Py::None),
            "True" => return Ok(Py::Bool(true)),
            "False" => return Ok(Py::Bool(false)),
            _ => {}
        }
        let (mut args, mut named) = (Vec::new(), Vec::new());
        if self.take('(') {
            while !self.take(')') {
                let value = self.value()?;
                match value {
                    Py::Call { name, args, named: inner }
                        if args.is_empty() && inner.is_empty() && self.take('=') =>
                    {
                        named.push((name, self.value()?));
                    }
                    value => args.push(value),
                }
                self.separator(')')?;
            }
        }
        Ok(Py::Call { name, args, named })
    }

    fn separator(&mut self, end: char) -> Result<()> {
        if self.take(',') || self.peek() == Some(end) {
            return Ok(());
        }
        bail!("expected a comma or {end:?}")
    }

    fn list(&mut self, start: char, end: char) -> Result<Vec<Py>> {
        let mut items = Vec::new();
        self.take(start);
        while !self.take(end) {
            items.push(self.value()?);
            self.separator(end)?;
        }
        Ok(items)
    }

    /// A tuple, or one value in parentheses.
    fn parenthesised(&mut self) -> Result<Py> {
        let mut items = self.list('(', ')')?;
        Ok(if items.len() == 1 { items.remove(0) } else { Py::List(items) })
    }

    fn dict(&mut self) -> Result<Py> {
        let mut entries = Vec::new();
        self.take('{');
        while !self.take('}') {
            let key = self.value()?;
            if !self.take(':') {
                bail!("expected a colon");
            }
            entries.push((key, self.value()?));
            self.separator('}')?;
        }
        Ok(Py::Dict(entries))
    }

    /// Neighbouring strings are one string.
    fn strings(&mut self) -> Result<Py> {
        let mut text = String::new();
        while let Some(quote @ ('\'' | '"')) = self.peek() {
            self.take(quote);
            self.string(quote, &mut text)?;
        }
        Ok(Py::Text(text))
    }

    fn string(&mut self, quote: char, text: &mut String) -> Result<()> {
        let mut chars = self.text.chars();
        loop {
            match chars.next().context("a string does not end")? {
                c if c == quote => break,
                '\\' => match chars.next().context("a string ends in an escape")? {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    c @ ('x' | 'u' | 'U' | 'N' | '0'..='9') => bail!("escape \\{c} in a string"),
                    c => text.push(c),
                },
                c => text.push(c),
            }
        }
        self.text = chars.as_str();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
