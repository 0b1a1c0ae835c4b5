//! Where a command on keys works.

use std::path::PathBuf;

use super::Where;
use crate::client::Client;
use crate::connect::Connect;
use crate::error::CliError;

/// The data directory that `telltale serve` uses when nothing else was said.
const DEFAULT_DATA_DIR: &str = "./telltale-data";

/// Where keys are.
#[derive(Debug)]
pub(super) enum Place {
    Directory(PathBuf),
    Server(Client),
}

/// What was named; a directory wins, because naming one is the stronger statement.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    Directory(PathBuf),
    Server,
    Nothing,
}

fn named(place: &Where) -> Named {
    match (&place.data_dir, &place.connect) {
        (Some(path), _) => Named::Directory(path.clone()),
        (None, Connect { url: None, key: None }) => Named::Nothing,
        (None, _) => Named::Server,
    }
}

/// Decides. A running server is asked before a directory is opened, so that a key does not end up
/// in a directory that no server uses.
pub(super) async fn choose(place: &Where) -> Result<Place, CliError> {
    let server = || Client::new(&place.connect);
    match named(place) {
        Named::Directory(path) => Ok(Place::Directory(path)),
        Named::Server => Ok(Place::Server(server()?)),
        Named::Nothing => {
            let client = server()?;
            if client.is_there().await {
                Ok(Place::Server(client))
            } else {
                Ok(Place::Directory(PathBuf::from(DEFAULT_DATA_DIR)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data_dir: Option<&str>, url: Option<&str>, key: Option<&str>, expected: &Named) {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let connect = Connect { url: text(url), key: text(key) };
        let place = Where { data_dir: data_dir.map(PathBuf::from), json: false, connect };
        assert_eq!(named(&place), *expected);
    }

    #[test]
    fn a_named_directory_wins_over_a_named_server() {
        let directory = Named::Directory("d".into());
        check(Some("d"), None, None, &directory);
        check(Some("d"), Some("http://h"), Some("tt_x"), &directory);
        check(None, Some("http://h"), None, &Named::Server);
        check(None, None, Some("tt_x"), &Named::Server);
        check(None, None, None, &Named::Nothing);
    }
}
