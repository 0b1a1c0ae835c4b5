#![expect(clippy::disallowed_methods, reason = "tests write the files that they read")]

use std::path::Path;

use super::units::Share;
use super::*;

fn load_text(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("telltale.toml");
    std::fs::write(&path, text).unwrap();
    let environment = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    load(Some(&path), environment, Vec::new()).map_err(|e| {
        format!("{:#}", anyhow::Error::from(e)).replace(&path.display().to_string(), "FILE")
    })
}

#[test]
fn later_sources_win() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("telltale.toml");
    std::fs::write(&path, "http = '127.0.0.1:1'\n[storage]\nflush_bytes = '1MiB'\nfsync = false\n")
        .unwrap();
    let environment = [
        ("TELLTALE_HTTP", "127.0.0.1:2"),
        ("TELLTALE_OTLP_GRPC", "off"),
        ("TELLTALE_STORAGE_FLUSH_BYTES", "2MiB"),
        ("TELLTALE_SERVER_OTLP_ORIGINS", "https://a.example, https://b.example"),
        ("TELLTALE_KEY", "not configuration"),
        ("HOME", "/nowhere"),
    ];
    let environment = environment.map(|(k, v)| (k.to_owned(), v.to_owned()));
    let flags = vec![("http", "127.0.0.1:3".to_owned())];
    let config = load(Some(&path), environment, flags).unwrap();
    assert_eq!(config.http, Listen::Asked("127.0.0.1:3".parse().unwrap()));
    assert_eq!(config.otlp_grpc, Listen::Off);
    assert_eq!(config.storage.flush_bytes, ByteSize::mib(2));
    assert!(!config.storage.fsync);
    assert_eq!(config.server.otlp_origins, ["https://a.example", "https://b.example"]);
}

/// Every error names the key and what would be right.
#[test]
fn errors_name_the_key_and_the_fix() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("htpp = '127.0.0.1:1'", &[]),
        ("http = 'localhost'", &[]),
        ("http = 'off'\notlp_http = 'off'\notlp_grpc = 'off'", &[]),
        ("[storage]\nflush_bytes = '64 parsecs'", &[]),
        ("[storage]\nflush_bytes = 12", &[]),
        ("[storage]\nfsync = 'maybe'", &[]),
        ("[storage]\nmemory_budget = '1MiB'", &[]),
        ("[storage]\nvacuum_grace = '1s'", &[]),
        ("[retention]\nspans = 'a while'", &[]),
        ("[server]\ntls_cert = 'cert.pem'", &[]),
        ("[query]\nrows_max = 0", &[]),
        ("[projects.'No Good']\nspans = '1d'", &[]),
        ("storage = 1", &[("TELLTALE_STORAGE_FSYNC", "false")]),
        ("", &[("TELLTALE_STORAGE_FLUSH_BITES", "1")]),
        ("", &[("TELLTALE_HTTP", "7070")]),
        ("[telemetry]\ntraces = 'collector:4318'", &[]),
        ("[telemetry]\ntraces = 'own'", &[]),
        ("[telemetry]\ntraces = 'self'\ntraces_key = 'tt_secret'", &[]),
        ("[telemetry]\ntraces_ratio = 1.5", &[]),
        ("", &[("TELLTALE_TELEMETRY_TRACES_RATIO", "half")]),
        ("[telemetry]\ntraces_project = 'No Good'", &[]),
        ("[server]\napi_origins = ['*']", &[]),
        ("[server]\notlp_origins = ['app.example.com']", &[]),
        ("data_dir = ''", &[]),
        ("[query]\nthreads = 0", &[]),
        ("", &[("TELLTALE_QUERY_THREADS", "1025")]),
        ("[query]\nmemory = '1MiB'", &[]),
        ("[storage]\nwal_max = '100KiB'", &[]),
        ("http = '127.0.0.1:4000'\npg = '0.0.0.0:4000'", &[]),
        ("[retention]\nlogs = '0s'", &[]),
        ("[projects.shop]\nspans = '0d'", &[]),
        ("= no toml", &[]),
    ];
    let answers: Vec<String> =
        cases.iter().map(|(text, variables)| load_text(text, variables).unwrap_err()).collect();
    insta::assert_snapshot!(answers.join("\n"));
}

#[test]
fn own_traces_go_nowhere_here_or_to_an_address() {
    for (variables, expected) in [
        (&[][..], Traces::Off),
        (&[("TELLTALE_TELEMETRY_TRACES", "self")][..], Traces::Own),
        (
            &[
                ("TELLTALE_TELEMETRY_TRACES", "https://c:4318"),
                ("TELLTALE_TELEMETRY_TRACES_KEY", "k"),
            ],
            Traces::To("https://c:4318".into()),
        ),
    ] {
        let config = load_text("[telemetry]\ntraces_ratio = 0.25", variables).unwrap();
        assert_eq!(config.telemetry.traces, expected);
        assert_eq!(config.telemetry.traces_ratio, Share(0.25));
        assert!(!format!("{config:?}").contains("\"k\""), "keys are not shown");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Some(Path::new("no/such.toml")), [], Vec::new()).unwrap_err();
    assert_eq!(format!("{:#}", anyhow::Error::from(error)).matches("No such file").count(), 1);
    let flags = vec![("http", "here".to_owned())];
    let error = load(None, [], flags).unwrap_err();
    assert!(error.to_string().starts_with("configuration key `http` (flag --http): "), "{error}");
    let error = load(Some(Path::new("no/such.toml")), [], Vec::new()).unwrap_err();
    assert!(error.to_string().contains("no/such.toml"), "{error}");
}

#[test]
fn durations_and_keeps_parse_as_people_write_them() {
    for (text, seconds) in [("90s", 90), ("5m", 300), ("2h", 7_200), ("30d", 2_592_000)] {
        assert_eq!(text.parse::<Span>().unwrap().0.as_secs(), seconds);
    }
    assert_eq!("forever".parse(), Ok(Keep(None)));
    assert!("5".parse::<Span>().is_err() && "m".parse::<Span>().is_err());
    assert!("-1s".parse::<Span>().is_err() && "99999999999999999d".parse::<Span>().is_err());
}
