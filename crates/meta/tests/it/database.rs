//! The file itself: schema, settings, migrations, copies.

use sqlx::{Connection, Row, SqliteConnection};
use telltale_base::ErrorKind;
use telltale_meta::{Meta, Scope};

use crate::support::{Fixture, project};

async fn raw(fixture: &Fixture) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", fixture.path().display())).await.unwrap()
}

#[tokio::test]
async fn the_schema_is_as_reviewed() {
    let fixture = Fixture::new().await;
    let rows = sqlx::query(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY rowid",
    )
    .fetch_all(&mut raw(&fixture).await)
    .await
    .unwrap();
    let schema: Vec<String> = rows.iter().map(|row| row.get("sql")).collect();
    insta::assert_snapshot!(schema.join(";\n"));
}

#[tokio::test]
async fn the_journal_is_a_write_ahead_log() {
    let fixture = Fixture::new().await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut raw(&fixture).await)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn opening_again_keeps_what_was_written() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    fixture.meta.close().await;
    let again = fixture.another_process().await;
    let key = again.key_of(created.secret.expose()).await.unwrap().unwrap();
    assert_eq!(key.id, created.key.id);
    assert_eq!(again.projects().await.unwrap(), [project("p")]);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let fixture = Fixture::new().await;
    fixture.meta.close().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut raw(&fixture).await)
    .await
    .unwrap();
    let clock = std::sync::Arc::new(telltale_base::SystemClock::new());
    let error = Meta::open(&fixture.path(), clock).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("schema"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meta.db");
    tokio::fs::write(&path, vec![b'x'; 8192]).await.unwrap();
    let clock = std::sync::Arc::new(telltale_base::SystemClock::new());
    let error = Meta::open(&path, clock).await.unwrap_err();
    assert!(error.to_string().contains("meta.db"), "{error}");
}

#[tokio::test]
async fn a_copy_made_while_open_holds_the_keys() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Admin, "k").await.unwrap();
    let copy = fixture.folder.path().join("copy.db");
    fixture.meta.snapshot_to(&copy).await.unwrap();
    let clock = std::sync::Arc::new(telltale_base::SystemClock::new());
    let copied = Meta::open(&copy, clock).await.unwrap();
    assert!(copied.key_of(created.secret.expose()).await.unwrap().is_some());
    assert!(fixture.meta.snapshot_to(&copy).await.is_err(), "an existing file is not overwritten");
}
