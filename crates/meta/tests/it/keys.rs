//! Keys: creation, lookup, revocation, what other processes see.

use std::time::Duration;

use telltale_base::ErrorKind;
use telltale_meta::{NAME_CHARS_MAX, Scope};

use crate::support::{Fixture, project};

#[tokio::test]
async fn a_key_is_found_by_its_secret_and_by_nothing_else() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Ingest, " ci ").await.unwrap();
    let found = fixture.meta.key_of(created.secret.expose()).await.unwrap().unwrap();
    assert_eq!(found, created.key);
    assert_eq!((found.scope, found.name.as_str()), (Scope::Ingest, "ci"));
    for wrong in ["", "tt_", "tt_x", &created.key.id, &created.secret.expose()[3..]] {
        assert_eq!(fixture.meta.key_of(wrong).await.unwrap(), None, "{wrong}");
    }
}

#[tokio::test]
async fn the_secret_stands_nowhere_in_the_file() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Ingest, "k").await.unwrap();
    fixture.meta.close().await;
    let file = tokio::fs::read(fixture.path()).await.unwrap();
    let secret = &created.secret.expose().as_bytes()[3..];
    assert!(!file.windows(secret.len()).any(|window| window == secret));
    let id = created.key.id.as_bytes();
    assert!(file.windows(id.len()).any(|window| window == id), "the search itself works");
}

#[tokio::test]
async fn revoking_counts_at_once_and_does_not_open_the_server() {
    let fixture = Fixture::new().await;
    assert!(!fixture.meta.has_keys().await.unwrap());
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    assert!(fixture.meta.has_keys().await.unwrap());
    assert!(fixture.meta.key_of(created.secret.expose()).await.unwrap().is_some());
    fixture.meta.revoke_key(&project("p"), &created.key.id).await.unwrap();
    assert_eq!(fixture.meta.key_of(created.secret.expose()).await.unwrap(), None);
    assert!(fixture.meta.has_keys().await.unwrap());
    let listed = fixture.meta.keys(&project("p")).await.unwrap();
    assert!(listed[0].revoked.is_some());
}

#[tokio::test]
async fn a_key_is_revoked_once_and_only_from_its_project() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    let error = fixture.meta.revoke_key(&project("q"), &created.key.id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(fixture.meta.key_of(created.secret.expose()).await.unwrap().is_some());
    fixture.meta.revoke_key(&project("p"), &created.key.id).await.unwrap();
    let error = fixture.meta.revoke_key(&project("p"), &created.key.id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn another_process_is_heard_within_a_second() {
    let fixture = Fixture::new().await;
    let other = fixture.another_process().await;
    assert!(!fixture.meta.has_keys().await.unwrap());
    let created = other.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    fixture.clock.turn(Duration::from_secs(1));
    assert!(fixture.meta.has_keys().await.unwrap());
    assert!(fixture.meta.key_of(created.secret.expose()).await.unwrap().is_some());
    other.revoke_key(&project("p"), &created.key.id).await.unwrap();
    fixture.clock.turn(Duration::from_secs(1));
    assert_eq!(fixture.meta.key_of(created.secret.expose()).await.unwrap(), None);
}

#[tokio::test]
async fn last_use_is_noted_within_the_hour() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    let last_used = async || {
        fixture.clock.turn(Duration::from_secs(2));
        fixture.meta.key_of(created.secret.expose()).await.unwrap();
        fixture.meta.keys(&project("p")).await.unwrap()[0].last_used.unwrap()
    };
    let first = last_used().await;
    assert_eq!(last_used().await, first);
    fixture.clock.turn(Duration::from_hours(1));
    assert!(last_used().await > first);
}

#[tokio::test]
async fn names_have_a_limit() {
    let fixture = Fixture::new().await;
    let create = async |name: String| {
        let done = fixture.meta.create_key(&project("p"), Scope::Query, &name).await;
        done.map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!(create("x".repeat(NAME_CHARS_MAX)).await, Ok(()));
    assert_eq!(create("x".repeat(NAME_CHARS_MAX + 1)).await, Err(ErrorKind::Invalid));
    assert_eq!(create("  ".to_owned()).await, Err(ErrorKind::Invalid));
}

#[tokio::test]
async fn projects_do_not_see_each_others_keys() {
    let fixture = Fixture::new().await;
    for (name, count) in [("a", 2), ("b", 1)] {
        for _ in 0..count {
            fixture.meta.create_key(&project(name), Scope::Query, "k").await.unwrap();
        }
    }
    assert_eq!(fixture.meta.keys(&project("a")).await.unwrap().len(), 2);
    assert_eq!(fixture.meta.keys(&project("b")).await.unwrap().len(), 1);
    assert_eq!(fixture.meta.all_keys().await.unwrap().len(), 3);
    assert!("owner".parse::<Scope>().unwrap_err().to_string().contains("ingest, query or admin"));
}
