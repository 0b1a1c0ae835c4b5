use super::*;

fn place(path: &std::path::Path) -> Where {
    let connect = Connect { url: None, key: None };
    Where { data_dir: Some(path.to_owned()), json: true, connect }
}

async fn run_json(command: KeyCommand) -> Result<Value, CliError> {
    let mut out = Vec::new();
    run(KeysArgs { command }, &mut out).await?;
    Ok(serde_json::from_slice(&out).unwrap())
}

fn create_args(path: &std::path::Path) -> CreateKey {
    let project = Some("shop".to_owned());
    CreateKey { project, scope: KeyScope::Ingest, name: None, create: true, place: place(path) }
}

/// Scenario: no server runs and no directory exists. Guarantees: the first key can be made, is
/// listed without its secret, and can be revoked once.
#[tokio::test]
async fn keys_live_in_a_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    let created = run_json(KeyCommand::Create(create_args(&path))).await.unwrap();
    assert!(created["secret"].as_str().unwrap().starts_with("tt_"));
    assert_eq!(
        (created["project"].as_str(), created["scope"].as_str()),
        (Some("shop"), Some("ingest"))
    );

    let list = || KeyCommand::List(ListKeys { project: None, place: place(&path) });
    let listed = run_json(list()).await.unwrap();
    assert_eq!(listed["keys"][0]["id"], created["id"]);
    assert!(!listed.to_string().contains(created["secret"].as_str().unwrap()));

    let id = created["id"].as_str().unwrap().to_owned();
    let revoke = || KeyCommand::Revoke(RevokeKey { id: id.clone(), place: place(&path) });
    run_json(revoke()).await.unwrap();
    assert!(run_json(list()).await.unwrap()["keys"][0]["revoked_unix_nano"].is_string());
    assert!(matches!(run_json(revoke()).await, Err(CliError::Meta(_))));
}

#[tokio::test]
async fn a_misspelt_directory_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("misspelt");
    let list = KeyCommand::List(ListKeys { project: None, place: place(&path) });
    assert!(matches!(run_json(list).await, Err(CliError::DataDir { .. })));
    let create = |path: &std::path::Path| {
        KeyCommand::Create(CreateKey { create: false, ..create_args(path) })
    };
    assert!(matches!(run_json(create(&path)).await, Err(CliError::Usage(_))));
    assert!(!path.exists());
    assert!(matches!(run_json(create(folder.path())).await, Err(CliError::Usage(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::create_dir(folder.path().join("data")).unwrap();
    run_json(KeyCommand::Create(create_args(&folder.path().join("data")))).await.unwrap();
    run_json(create(&folder.path().join("data"))).await.unwrap();
}

#[test]
fn a_new_key_says_what_it_is_good_for() {
    let key = KeyRow {
        id: "key_1".into(),
        project: "shop".into(),
        scope: "query".into(),
        name: "n".into(),
        created_unix_nano: "0".into(),
        last_used_unix_nano: None,
        revoked_unix_nano: None,
    };
    let created = NewKeyRow { key, secret: "tt_s".into() };
    let text = |scope| {
        let mut out = Vec::new();
        write_created(&mut out, &created, scope, None).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(text(KeyScope::Query).starts_with("tt_s\n"));
    assert!(!text(KeyScope::Query).contains("OTEL_EXPORTER_OTLP_HEADERS"));
    assert!(!text(KeyScope::Ingest).contains("TELLTALE_KEY"));
    assert!(text(KeyScope::Admin).contains("POST /api/v1/session"));
    assert!(!text(KeyScope::Admin).contains("7070"), "the port of a directory's server is unknown");
}
