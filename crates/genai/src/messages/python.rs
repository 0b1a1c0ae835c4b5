//! A Python `repr` as a tree: lists, tuples, maps, texts in either quotes, numbers, `None`, `True`
//! and `False`. Objects (`Message(role='user')`) are maps of their arguments with the class as
//! `type`, unless they say a type themselves.

use serde_json::{Map, Value as Json};

use super::DEPTH_MAX;

/// The tree of a text that is a `repr` from its beginning to its end.
pub(super) fn parse(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let json = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(json)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn accept(&mut self, start: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(start) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth >= DEPTH_MAX {
            return None;
        }
        self.skip_space();
        match self.rest.chars().next()? {
            '{' => self.map(depth),
            '[' => {
                self.rest = self.rest.get(1..)?;
                self.list(']', depth)
            }
            '(' => {
                self.rest = self.rest.get(1..)?;
                self.list(')', depth)
            }
            '\'' | '"' => self.quoted(false).map(Json::String),
            _ => self.word(depth),
        }
    }

    fn list(&mut self, close: char, depth: usize) -> Option<Json> {
        let mut items = Vec::new();
        while !self.accept(close) {
            items.push(self.value(depth + 1)?);
            if !self.accept(',') {
                return self.accept(close).then_some(Json::Array(items));
            }
        }
        Some(Json::Array(items))
    }

    fn map(&mut self, depth: usize) -> Option<Json> {
        self.rest = self.rest.get(1..)?;
        let mut map = Map::new();
        while !self.accept('}') {
            let name = match self.value(depth + 1)? {
                Json::String(name) => name,
                other => other.to_string(),
            };
            if !self.accept(':') {
                return None;
            }
            map.insert(name, self.value(depth + 1)?);
            if !self.accept(',') {
                return self.accept('}').then_some(Json::Object(map));
            }
        }
        Some(Json::Object(map))
    }

    /// A number, a constant, a text with a prefix, or an object.
    fn word(&mut self, depth: usize) -> Option<Json> {
        let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-'));
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
        self.rest = rest;
        let is_quoted = rest.starts_with(['\'', '"']);
        if is_quoted && matches!(word, "b" | "r" | "u" | "f" | "br" | "rb") {
            return self.quoted(word.contains('r')).map(Json::String);
        }
        if rest.starts_with('(') {
            self.rest = rest.get(1..)?;
            return self.object(word, depth);
        }
        match word {
            "None" | "null" => Some(Json::Null),
            "True" | "true" => Some(Json::Bool(true)),
            "False" | "false" => Some(Json::Bool(false)),
            "nan" | "inf" | "-inf" => Some(Json::from(word)),
            number => number
                .parse::<i64>()
                .map(Json::from)
                .or_else(|_| number.parse::<f64>().map(Json::from))
                .ok(),
        }
    }

    fn object(&mut self, class: &str, depth: usize) -> Option<Json> {
        let mut map = Map::new();
        let mut arguments = Vec::new();
        while !self.accept(')') {
            self.skip_space();
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let end = self.rest.find(|c| !is_name(c)).unwrap_or(0);
            match self.rest.split_at_checked(end) {
                Some((name, after)) if end > 0 && after.starts_with('=') => {
                    self.rest = after.get(1..)?;
                    map.insert(name.to_owned(), self.value(depth + 1)?);
                }
                _ => arguments.push(self.value(depth + 1)?),
            }
            if !self.accept(',') && !self.rest.starts_with(')') {
                return None;
            }
        }
        if !arguments.is_empty() {
            map.insert("args".to_owned(), Json::Array(arguments));
        }
        if !map.contains_key("type") {
            map.insert("type".to_owned(), Json::from(class));
        }
        Some(Json::Object(map))
    }

    fn quoted(&mut self, is_raw: bool) -> Option<String> {
        let mut chars = self.rest.chars();
        let quote = chars.next()?;
        let mut text = String::new();
        loop {
            match chars.next()? {
                end if end == quote => break,
                '\\' if is_raw => text.extend(['\\', chars.next()?]),
                '\\' => escape(&mut chars, &mut text)?,
                other => text.push(other),
            }
        }
        self.rest = chars.as_str();
        Some(text)
    }
}

fn escape(chars: &mut std::str::Chars<'_>, text: &mut String) -> Option<()> {
    let code = |chars: &mut std::str::Chars<'_>, digits: usize| {
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + chars.next()?.to_digit(16)?;
        }
        Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    };
    match chars.next()? {
        'n' => text.push('\n'),
        't' => text.push('\t'),
        'r' => text.push('\r'),
        'x' => text.push(code(chars, 2)?),
        'u' => text.push(code(chars, 4)?),
        'U' => text.push(code(chars, 8)?),
        same @ ('\\' | '\'' | '"') => text.push(same),
        other => text.extend(['\\', other]),
    }
    Some(())
}
