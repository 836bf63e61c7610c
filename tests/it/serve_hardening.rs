//! What strangers do to the server: half a request, no end of connections, a name of their own.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use floorwalker::{
    kafka::Progress,
    serve::{HttpSettings, Server, Site},
};

fn server(hosts: &[&str]) -> Server {
    let settings = HttpSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ..HttpSettings::default()
    };
    let site = Site {
        progress: Arc::new(Progress::default()),
        works: true,
        read: None,
        notify: None,
    };
    Server::start(&settings, site).unwrap()
}

/// Sends it, and reads the answer to its end.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(address: SocketAddr, path: &str, more: &str) -> String {
    ask(
        address,
        &format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{more}\r\n"),
    )
}

#[test]
fn half_open_requests_hold_up_nobody_and_are_closed() {
    let server = server(&[]);
    let half: Vec<TcpStream> = (0..500)
        .map(|number| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            // Every other connection sends nothing at all.
            if number % 2 == 0 {
                stream
                    .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                    .unwrap();
            }
            stream
        })
        .collect();
    for _ in 0..5 {
        let alive = get(server.address, "/healthz", "Host: localhost\r\n");
        assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    }
    for mut stream in half {
        // Ten seconds are allowed; the machine may be busy.
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut rest = Vec::new();
        let closed = stream.read_to_end(&mut rest);
        assert!(closed.is_ok(), "not closed: {closed:?}");
    }
}

#[test]
fn requests_for_an_unknown_host_are_refused() {
    let server = server(&["sla.example.com"]);
    let with = |host: &str| get(server.address, "/metrics", &format!("Host: {host}\r\n"));
    for own in [
        "127.0.0.1",
        "localhost:8640",
        "floorwalker",
        "sla.example.com",
    ] {
        assert!(with(own).starts_with("HTTP/1.1 200"), "{own}");
    }
    let strange = with("evil.example:8640");
    assert!(strange.starts_with("HTTP/1.1 421"), "{strange}");
    assert!(
        strange.contains("`evil.example:8640` is none of this server's names"),
        "{strange}"
    );
    assert!(strange.contains("[http]"), "{strange}");
    // An orchestrator may ask by any name.
    let probe = get(server.address, "/healthz", "Host: pod.example\r\n");
    assert!(probe.starts_with("HTTP/1.1 200"), "{probe}");
}

#[test]
fn answers_are_compressed_for_those_who_can_read_that() {
    let server = server(&[]);
    let plain = get(server.address, "/metrics", "Host: localhost\r\n");
    assert!(plain.contains("floorwalker_ready 0"), "{plain}");
    assert!(plain.contains("x-content-type-options: nosniff"), "{plain}");
    for (accepted, chosen) in [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip;q=0.5, zstd", "zstd"),
    ] {
        let headers = format!("Host: localhost\r\nAccept-Encoding: {accepted}\r\n");
        let packed = get(server.address, "/metrics", &headers);
        assert!(
            packed.contains(&format!("content-encoding: {chosen}")),
            "{packed}"
        );
        let (packed, plain) = (packed.len(), plain.len());
        assert!(packed < plain * 2 / 3, "{accepted}: {packed} of {plain}");
    }
}
