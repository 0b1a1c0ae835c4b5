//! TLS from two PEM files, with rustls and aws-lc.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig as RustlsConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;
use crate::error::ServerError;

/// TLS for HTTP/1 and HTTP/2.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ServerError> {
    let mut config = RustlsConfig::clone(&*tls_config(files)?);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Reads the files and checks that they belong together. No protocol is negotiated, so that
/// listeners other than HTTP can use it.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn tls_config(files: &TlsFiles) -> Result<Arc<RustlsConfig>, ServerError> {
    let certificates = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(&files.cert, &error))?;
    if certificates.is_empty() {
        return Err(wrong(&files.cert, &"it holds no certificate"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, &error))?;
    // The provider is named, because two are linked and rustls refuses to guess.
    let config = RustlsConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&files.cert, &error))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| wrong(&files.key, &error))?;
    Ok(Arc::new(config))
}

fn wrong(path: &Path, reason: &dyn std::fmt::Display) -> ServerError {
    ServerError::Tls { path: path.to_owned(), reason: reason.to_string() }
}
