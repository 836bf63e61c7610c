//! HTTP over TLS: a new certificate is taken while connections stay, and files that can't be used are named.

use std::{fs, path::Path, sync::Arc, time::Duration};

use floorwalker::{
    kafka::Progress,
    serve::{HttpSettings, Server, Site, TlsSettings},
};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::{
    binary::refusal,
    broker::pause,
    kafka_login::{make_certificates, openssl},
    serving::local,
};

fn files(folder: &Path) -> TlsSettings {
    TlsSettings {
        certificate: folder.join("broker.pem"),
        key: folder.join("broker.key"),
    }
}

fn server(tls: TlsSettings) -> Server {
    let http = HttpSettings {
        tls: Some(tls),
        ..local()
    };
    let site = Site {
        notify: None,
        progress: Arc::new(Progress::default()),
        works: true,
        read: None,
    };
    Server::start(&http, site).unwrap()
}

/// A client that trusts the authority of a folder.
fn client(folder: &Path) -> ureq::Agent {
    let ca = fs::read(folder.join("ca.pem")).unwrap();
    let ca = Certificate::from_pem(&ca).unwrap();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[ca]))
        .build();
    let config = ureq::Agent::config_builder().tls_config(tls);
    config
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

fn status(client: &ureq::Agent, server: &Server) -> Result<u16, String> {
    let url = format!("https://{}/healthz", server.address);
    let mut answer = client.get(url).call().map_err(|error| error.to_string())?;
    // To its end, so that the connection is used again.
    let text = answer
        .body_mut()
        .read_to_string()
        .map_err(|error| error.to_string())?;
    assert!(text.contains("alive"), "{text}");
    Ok(answer.status().as_u16())
}

#[test]
fn a_new_certificate_is_taken_while_connections_stay() {
    let [before, after, current] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for folder in [&before, &after] {
        make_certificates(folder.path());
    }
    let place = |from: &tempfile::TempDir, name: &str| {
        fs::copy(from.path().join(name), current.path().join(name)).unwrap();
    };
    for name in ["broker.pem", "broker.key"] {
        place(&before, name);
    }
    let server = server(files(current.path()));
    let old = client(before.path());
    assert_eq!(status(&old, &server), Ok(200));
    assert!(status(&client(after.path()), &server).is_err());
    // Half of the change is none: the certificate is not the key's.
    place(&after, "broker.pem");
    for _ in 0..12 {
        pause(Duration::from_millis(500));
        assert_eq!(status(&client(before.path()), &server), Ok(200));
        assert_eq!(status(&old, &server), Ok(200));
    }
    place(&after, "broker.key");
    let new_is_taken = (0..40).any(|_| {
        pause(Duration::from_millis(500));
        // The connection from before goes on all the time.
        assert_eq!(status(&old, &server), Ok(200));
        status(&client(after.path()), &server) == Ok(200)
    });
    assert!(new_is_taken);
    assert_eq!(status(&old, &server), Ok(200));
    assert!(status(&client(before.path()), &server).is_err());
}

#[test]
fn plain_requests_get_no_answer_where_there_is_tls() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let server = server(files(folder.path()));
    assert_eq!(server.scheme, "https");
    let plain = ureq::get(format!("http://{}/healthz", server.address)).call();
    assert!(plain.is_err());
}

#[test]
fn files_that_can_not_be_used_are_named_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    openssl(
        folder.path(),
        "rsa -aes256 -passout pass:planted-of-the-key -in broker.key -out locked.key",
    );
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    fs::write(folder.path().join("words.pem"), "planted words").unwrap();
    let config = folder.path().join("f.toml");
    for (certificate, key, expected) in [
        (
            "nowhere.pem",
            "broker.key",
            "nowhere.pem: No such file or directory",
        ),
        (
            "broker.pem",
            "nowhere.key",
            "nowhere.key: No such file or directory",
        ),
        ("empty.pem", "broker.key", "empty.pem has no certificate"),
        ("broker.key", "broker.key", "broker.key has no certificate"),
        (
            "broker.pem",
            "words.pem",
            "words.pem has no private key as PEM",
        ),
        (
            "broker.pem",
            "locked.key",
            "a key with a password has to be written without one",
        ),
        ("broker.pem", "other.key", "other.key don't go together"),
    ] {
        let at = |name: &str| folder.path().join(name).display().to_string();
        let text = format!(
            "[http.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
            at(certificate),
            at(key)
        );
        fs::write(&config, text).unwrap();
        for command in ["check", "run"] {
            let config = config.display().to_string();
            let (printed, code) = refusal(&[command, "--roles", "serve", "--config", &config]);
            assert_eq!(code, 2, "{printed}");
            assert!(printed.contains(expected), "{command}: {printed}");
            assert!(!printed.contains("planted"), "{printed}");
        }
    }
    let config = config.display().to_string();
    let (printed, _) = refusal(&[
        "check",
        "--set",
        "http.tls.key=",
        "--config",
        &config,
        "--roles",
        "serve",
    ]);
    assert!(
        printed.contains("a certificate needs its `key`"),
        "{printed}"
    );
}
