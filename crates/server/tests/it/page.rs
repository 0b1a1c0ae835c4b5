//! The page on `/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::TestServer;

#[tokio::test]
async fn it_says_where_to_send_and_loads_nothing() {
    let server = TestServer::open().await;
    let response = server.get("/").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let page = response.text().await.unwrap();
    for wanted in ["localhost:4318", "localhost:4317", "/api/v1/openapi.json", "Telltale"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    for unwanted in ["<script", "src=", "url(", "@import", "https://"] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
    // The policy names the style that is there.
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let rustls::SupportedCipherSuite::Tls13(suite) = digest else { panic!("TLS 1.3 is there") };
    let hash = suite.common.hash_provider.hash(style.as_bytes());
    assert!(policy.contains(&STANDARD.encode(hash.as_ref())), "{policy}");
}
