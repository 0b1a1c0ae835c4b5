//! The name of a project: the unit of isolation. Every record belongs to exactly one.

use std::fmt;
use std::sync::Arc;

/// A project name: 1 to 63 of `a-z`, `0-9`, `-`, `_`, starting with a letter or digit, so that it
/// stands unescaped in partition paths, URLs and SQL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Project(Arc<str>);

/// A project name with other characters or another length than allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectError(String);

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "project name {:?} is not 1 to 63 of a-z, 0-9, '-' and '_', starting with a letter or digit",
            self.0
        )
    }
}

impl std::error::Error for ProjectError {}

impl Project {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// When the name is empty, too long or has another character.
    pub fn new(name: &str) -> Result<Self, ProjectError> {
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let first_ok =
            name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if first_ok && name.len() <= 63 && name.bytes().all(allowed) {
            Ok(Self(Arc::from(name)))
        } else {
            Err(ProjectError(name.chars().take(80).collect()))
        }
    }

    /// The project of an open loopback server, where no key decides.
    #[must_use]
    pub fn default_project() -> Self {
        Self(Arc::from("default"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Project({})", self.0)
    }
}

#[cfg(test)]
mod tests;
