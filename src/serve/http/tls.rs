//! TLS: a certificate and its key, read again when the files change. Connections that there are stay as they are.

use std::{
    fmt, fs,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

use crate::serve::TlsSettings;

/// Certificates are renewed days before they end.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// More than a long chain takes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the files held when they were read last, and what came of it.
#[derive(Debug)]
pub(super) struct Certificate {
    settings: TlsSettings,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    pems: Pems,
    key: Arc<CertifiedKey>,
}

/// Why files of TLS can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct TlsFault {
    /// The setting that names the file.
    pub setting: &'static str,
    pub sentence: String,
}

const CERTIFICATE: &str = "http.tls.certificate";
const KEY: &str = "http.tls.key";

/// The text of both files.
#[derive(Clone, PartialEq, Eq)]
struct Pems {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl fmt::Debug for Pems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pems(…)")
    }
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file can't be used, and why.
    pub(super) fn read(settings: &TlsSettings) -> Result<Self, TlsFault> {
        let pems = Pems::read(settings)?;
        let key = Arc::new(pems.certified(settings)?);
        Ok(Self {
            settings: settings.clone(),
            current: RwLock::new(Current { pems, key }),
        })
    }

    /// Reads the files again, if they are others than before. Returns whether they were.
    ///
    /// # Errors
    /// The same as [`Self::read`]; then all stays as it was.
    fn look(&self) -> Result<bool, TlsFault> {
        let pems = Pems::read(&self.settings)?;
        if self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .pems
            == pems
        {
            return Ok(false);
        }
        let key = Arc::new(pems.certified(&self.settings)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { pems, key };
        Ok(true)
    }

    /// Looks at the files now and then. A fault is logged once.
    pub(super) async fn keep_current(self: Arc<Self>) {
        let mut known = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let own = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || own.look()).await;
            match looked {
                Ok(Ok(true)) => {
                    let file = self.settings.certificate.display();
                    tracing::info!("http: a new certificate was read from {file}");
                    known = None;
                }
                Ok(Ok(false)) => known = None,
                Ok(Err(fault)) if known.as_ref() != Some(&fault) => {
                    tracing::warn!("http: the certificate of before stays: {fault}");
                    known = Some(fault);
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
    }
}

impl Pems {
    fn read(settings: &TlsSettings) -> Result<Self, TlsFault> {
        let text =
            |setting, file: &Path| text_of(file).map_err(|sentence| TlsFault { setting, sentence });
        Ok(Self {
            certificate: text(CERTIFICATE, &settings.certificate)?,
            key: text(KEY, &settings.key)?,
        })
    }

    fn certified(&self, settings: &TlsSettings) -> Result<CertifiedKey, TlsFault> {
        let fault = |setting, sentence| TlsFault { setting, sentence };
        let file = settings.certificate.display();
        let chain =
            CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain =
            chain.map_err(|error| fault(CERTIFICATE, format!("{file} is no PEM: {error}")))?;
        if chain.is_empty() {
            return Err(fault(
                CERTIFICATE,
                format!(
                    "{file} has no certificate; write the server's own first, then those between it and the authority"
                ),
            ));
        }
        let key_file = settings.key.display();
        // What is wrong with a key is not reported in detail: it is a secret.
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            fault(KEY, format!("{key_file} has no private key as PEM; a key with a password has to be written without one"))
        })?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| {
            fault(
                CERTIFICATE,
                format!("{file} and {key_file} don't go together: {error}"),
            )
        })
    }
}

fn text_of(file: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", file.display());
    let size = fs::metadata(file).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!(
            "{} has {size} bytes, too many for a certificate or key",
            file.display()
        ));
    }
    fs::read(file).map_err(unreadable)
}

/// Returns what speaks TLS with the certificate of the time.
///
/// # Errors
/// A sentence, when the library can't.
pub(super) fn acceptor(certificate: Arc<Certificate>) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(ring::default_provider());
    let versions =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| error.to_string())?;
    let mut config = versions
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
