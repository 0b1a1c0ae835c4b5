//! Sessions: exchange, expiry, end.

use std::time::Duration;

use telltale_meta::Scope;

use crate::support::{Fixture, project};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_session_stands_for_its_key_until_it_expires() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    let session =
        fixture.meta.create_session(created.secret.expose(), HOUR).await.unwrap().unwrap();
    let id = session.secret.expose();
    let key = fixture.meta.key_of_session(id).await.unwrap().unwrap();
    assert_eq!(key.id, created.key.id);
    fixture.clock.turn(HOUR);
    assert_eq!(fixture.meta.key_of_session(id).await.unwrap(), None);
}

#[tokio::test]
async fn signing_out_and_revoking_both_end_a_session() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    let open = async || {
        let session = fixture.meta.create_session(created.secret.expose(), HOUR).await.unwrap();
        session.unwrap().secret.expose().to_owned()
    };
    let (first, second) = (open().await, open().await);
    fixture.meta.end_session(&first).await.unwrap();
    assert_eq!(fixture.meta.key_of_session(&first).await.unwrap(), None);
    assert!(fixture.meta.key_of_session(&second).await.unwrap().is_some());
    fixture.meta.revoke_key(&project("p"), &created.key.id).await.unwrap();
    assert_eq!(fixture.meta.key_of_session(&second).await.unwrap(), None);
}

#[tokio::test]
async fn only_an_active_key_opens_a_session() {
    let fixture = Fixture::new().await;
    let created = fixture.meta.create_key(&project("p"), Scope::Query, "k").await.unwrap();
    assert!(fixture.meta.create_session("tt_wrong", HOUR).await.unwrap().is_none());
    let session =
        fixture.meta.create_session(created.secret.expose(), HOUR).await.unwrap().unwrap();
    // A session id is not a key, and a key is not a session id.
    assert_eq!(fixture.meta.key_of(session.secret.expose()).await.unwrap(), None);
    assert_eq!(fixture.meta.key_of_session(created.secret.expose()).await.unwrap(), None);
    // Revoked elsewhere while the key is still remembered here: no session comes of it.
    let other = fixture.another_process().await;
    other.revoke_key(&project("p"), &created.key.id).await.unwrap();
    assert!(fixture.meta.create_session(created.secret.expose(), HOUR).await.unwrap().is_none());
}
