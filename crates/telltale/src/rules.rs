//! The rules of AI telemetry: the built-in ones, and those of the files that are configured.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use telltale_genai::{RuleFile, Rules};

/// Largest file of rules, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads and compiles the files; the built-in rules stand behind them.
pub(crate) fn load(files: &[String]) -> Result<Arc<Rules>> {
    if files.is_empty() {
        return Ok(Rules::shared());
    }
    let files = files.iter().map(|path| read(Path::new(path))).collect::<Result<Vec<_>>>()?;
    let rules = Rules::with_user(&files).context("genai.rules cannot be used")?;
    Ok(Arc::new(rules))
}

fn read(path: &Path) -> Result<RuleFile> {
    let name = path.display();
    let unusable = || format!("genai.rules: {name} cannot be used");
    let length = std::fs::metadata(path).with_context(unusable)?.len();
    ensure!(length <= FILE_BYTES_MAX, "genai.rules: {name} is larger than {FILE_BYTES_MAX} bytes");
    let text = std::fs::read_to_string(path).with_context(unusable)?;
    RuleFile::parse(&path.to_string_lossy(), &text).with_context(unusable)
}
