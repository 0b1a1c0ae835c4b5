//! TLS from two PEM files, with rustls and aws-lc.

use std::fmt::Display;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{Error as RustlsError, ServerConfig as RustlsConfig};
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
/// Names the configuration key, the file, what is wrong with it and what would be right.
pub fn tls_config(files: &TlsFiles) -> Result<Arc<RustlsConfig>, ServerError> {
    let certificates = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong_cert(files, &error))?;
    if certificates.is_empty() {
        return Err(wrong_cert(files, &"it holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong_key(files, &error))?;
    // The provider is named, because two are linked and rustls refuses to guess.
    let config = RustlsConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong_cert(files, &error))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| match error {
            RustlsError::InvalidCertificate(_) => wrong_cert(files, &error),
            RustlsError::InconsistentKeys(_) => {
                wrong_key(files, &"it is not the key of the certificate in server.tls_cert")
            }
            error => wrong_key(files, &error),
        })?;
    Ok(Arc::new(config))
}

fn wrong_cert(files: &TlsFiles, reason: &dyn Display) -> ServerError {
    let reason = format!("{reason}; name a PEM file with the certificate chain, leaf first");
    ServerError::Tls { key: "tls_cert", path: files.cert.clone(), reason }
}

fn wrong_key(files: &TlsFiles, reason: &dyn Display) -> ServerError {
    let reason = format!("{reason}; name a PEM file with the certificate's private key");
    ServerError::Tls { key: "tls_key", path: files.key.clone(), reason }
}
