//! Tests of TLS without a proxy: handshakes by rustls, with certificates made here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::helpers::{Answers, Database, Server, run};

struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, made: &CertifiedKey<KeyPair>) {
        std::fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn flags(&self) -> [String; 4] {
        let path = |name| self.path(name).to_str().unwrap().to_owned();
        ["--tls-cert".into(), path("cert.pem"), "--tls-key".into(), path("key.pem")]
    }

    fn serve(&self, database: &Database) -> Server {
        let flags = self.flags();
        Server::start(database, &flags.each_ref().map(String::as_str))
    }
}

fn made() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".into()]).unwrap()
}

/// A client that trusts only this certificate.
fn trusting(trusted: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What comes back on a request by TLS from a client that trusts only this certificate.
fn ask(server: &Server, trusted: &CertificateDer<'static>, request: &str) -> std::io::Result<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(trusting(trusted)), name).unwrap();
    let socket = TcpStream::connect(server.address())?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut stream = StreamOwned::new(connection, socket);
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[test]
fn everything_goes_by_tls_and_plain_http_does_not() {
    let (files, made, database) = (Files::new(), made(), Database::create());
    files.write(&made);
    let server = files.serve(&database);
    assert!(server.first_line.starts_with("fernamt listens on https://127.0.0.1:"), "{}", server.first_line);
    let answer = ask(&server, made.cert.der(), HEALTH).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000\r\n"), "{answer}");
    let body = "event=HungUp&call_id=a&type=missed";
    let event = format!(
        "POST /placetel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    assert!(ask(&server, made.cert.der(), &event).unwrap().ends_with("<Response/>"));
    assert!(server.request("GET", "/healthz").try_send().is_err(), "plain HTTP is no TLS");
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!done.stderr.contains("panic"), "{}", done.stderr);
}

/// More than wait for a handshake on two cores unless they are let.
const SILENT: usize = 560;

#[test]
fn those_who_begin_no_handshake_keep_nobody_out() {
    let (files, made, database) = (Files::new(), made(), Database::create());
    files.write(&made);
    let server = files.serve(&database);
    let silent: Vec<_> = (0..SILENT).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    let answer = ask(&server, made.cert.der(), HEALTH).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // Whoever had to wait for them would have waited until they were cut off.
    for mut stream in silent {
        stream.set_nonblocking(true).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}

#[test]
fn a_changed_certificate_is_taken_up() {
    let (files, first, second, database) = (Files::new(), made(), made(), Database::create());
    files.write(&first);
    let server = files.serve(&database);
    assert!(ask(&server, second.cert.der(), HEALTH).is_err(), "nobody trusts that one yet");
    files.write(&second);
    let taken_up = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        ask(&server, second.cert.der(), HEALTH).is_ok()
    });
    assert!(taken_up);
    server.terminate();
    let log = server.wait().stderr;
    assert!(log.contains("new connections get the new certificate"), "{log}");
    for made in [first, second] {
        let secret = made.signing_key.serialize_pem().lines().nth(1).unwrap().to_owned();
        assert!(!log.contains(&secret), "the key is in the log");
    }
}

#[test]
fn files_that_cannot_be_used_stop_the_start_with_a_line_that_names_the_flag() {
    let (files, own, other, database) = (Files::new(), made(), made(), Database::create());
    let refused = |flag: &str, about: &str| {
        let flags = files.flags();
        let mut flags: Vec<_> = flags.iter().map(String::as_str).collect();
        flags.extend(["--listen", "127.0.0.1:0"]);
        let done = database.run(&flags, b"");
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{about}: {}", done.stderr);
        let lines: Vec<_> = done.stderr.lines().collect();
        assert!(lines.len() == 1 && lines[0].contains(&format!("--{flag}: ")), "{about}: {}", done.stderr);
    };
    refused("tls-cert", "no files");
    std::fs::write(files.path("cert.pem"), own.cert.pem()).unwrap();
    refused("tls-key", "no key");
    std::fs::write(files.path("key.pem"), other.signing_key.serialize_pem()).unwrap();
    refused("tls-key", "the key of another certificate");
    for flag in ["tls-cert", "tls-key"] {
        let missing = if flag == "tls-cert" { "tls-key" } else { "tls-cert" };
        let done = run(&[&format!("--{flag}=x"), "--database-url", "sqlite::memory:"], b"");
        assert_eq!(done.status, 2);
        assert!(done.stderr.contains(&format!("--{missing}: is missing")), "{}", done.stderr);
    }
}

#[test]
fn http_2_is_not_spoken_because_the_limits_for_clients_are_those_of_http_1() {
    let (files, made, database) = (Files::new(), made(), Database::create());
    files.write(&made);
    let server = files.serve(&database);
    let chosen = |offered: &[&str]| {
        let mut config = trusting(made.cert.der());
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(server.address()).unwrap());
        stream.sock.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(HEALTH.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        Ok::<_, std::io::Error>(stream.conn.alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(chosen(&["h2", "http/1.1"]).unwrap().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(chosen(&[]).unwrap(), None);
    assert!(chosen(&["h2"]).is_err(), "nothing else is offered");
    // Neither does anybody get it by just beginning with it.
    let plain = crate::helpers::TestApp::start();
    let mut stream = TcpStream::connect(plain.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
}
