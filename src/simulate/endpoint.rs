//! The HTTP client: posts one event as the PBX does, as a form, signed and with credentials if the server wants them.

use std::time::{Duration, Instant};

use awc::http::{Method, Uri, header};
use awc::{Client, Connector};

use crate::placetel::signature;

/// Timeout of a request. The PBX's own limit is undocumented; no caller would wait longer than this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle time of kept connections: shorter than a server's usual 5 s, so that no event is sent on one being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The target of the events, with secret and credentials.
#[derive(Clone)]
pub struct Endpoint {
    url: Uri,
    secret: Option<String>,
    basic: Option<(String, String)>,
}

/// Why a URL cannot be used as the target of events.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The URL is malformed or has no host.
    #[error("`{0}` is no URL such as http://localhost:8080/placetel")]
    Unreadable(String),
    /// The URL is not plain HTTP: TLS is the proxy's business.
    #[error("the simulator speaks plain http:// only: give it the address behind the TLS proxy, not `{0}`")]
    NotHttp(String),
    /// The URL contains credentials, which have an option of their own.
    #[error("give user and password with --basic, not in the URL")]
    Credentials,
}

/// Why a delivery was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request was answered, but not with 2xx.
    #[error("answered {0}")]
    Refused(u16),
    /// The request got no answer: the event may or may not have been taken.
    #[error("no answer: {0}")]
    Unanswered(String),
}

impl Endpoint {
    /// Creates the endpoint. A URL without a path means `/placetel`. `basic` is user and password.
    ///
    /// # Errors
    /// When `url` is not plain HTTP, or carries credentials.
    pub fn new(url: &str, secret: Option<String>, basic: Option<(String, String)>) -> Result<Self, UrlError> {
        let parsed: Uri = url.parse().map_err(|_| UrlError::Unreadable(url.to_owned()))?;
        match parsed.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(UrlError::NotHttp(url.to_owned())),
            None => return Err(UrlError::Unreadable(url.to_owned())),
        }
        if parsed.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(UrlError::Credentials);
        }
        let url = if parsed.path() == "/" && parsed.query().is_none() {
            let host = parsed.authority().map_or("", |authority| authority.as_str());
            format!("http://{host}/placetel").parse().map_err(|_| UrlError::Unreadable(url.to_owned()))?
        } else {
            parsed
        };
        Ok(Self { url, secret, basic })
    }

    /// Returns the URL of the target.
    pub fn url(&self) -> String {
        self.url.to_string()
    }
}

/// An HTTP client with kept connections. It lives on one thread, within a `LocalSet`.
pub struct Sender {
    client: Client,
    endpoint: Endpoint,
}

impl Sender {
    /// Creates the client, without a limit on connections: a PBX does not wait for one call's event to send another's.
    pub fn new(endpoint: Endpoint) -> Self {
        let connector = Connector::new().limit(0).conn_keep_alive(KEEP_ALIVE).timeout(ANSWER_TIMEOUT);
        let client = Client::builder().connector(connector).disable_redirects().timeout(ANSWER_TIMEOUT).finish();
        Self { client, endpoint }
    }

    /// Sends one event; returns the time until the whole answer was received.
    ///
    /// # Errors
    /// When it was not acknowledged with 2xx.
    pub async fn send(&self, body: &str) -> Result<Duration, Failure> {
        let mut request = self
            .client
            .request(Method::POST, self.endpoint.url.clone())
            .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
        if let Some(secret) = &self.endpoint.secret {
            request = request.insert_header((signature::HEADER, signature::sign(secret, body.as_bytes())));
        }
        if let Some((user, password)) = &self.endpoint.basic {
            request = request.basic_auth(user, password);
        }
        let started = Instant::now();
        let unanswered = |error: &dyn std::fmt::Display| Failure::Unanswered(error.to_string());
        let mut answer = request.send_body(body.to_owned()).await.map_err(|error| unanswered(&error))?;
        let status = answer.status();
        answer.body().limit(MAX_ANSWER_BYTES).await.map_err(|error| unanswered(&error))?;
        if status.is_success() { Ok(started.elapsed()) } else { Err(Failure::Refused(status.as_u16())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str) -> Result<String, UrlError> {
        Endpoint::new(url, None, None).map(|endpoint| endpoint.url())
    }

    #[test]
    fn a_url_without_a_path_means_placetel() {
        assert_eq!(url("http://localhost:8080").unwrap(), "http://localhost:8080/placetel");
        assert_eq!(url("http://[::1]:8080/").unwrap(), "http://[::1]:8080/placetel");
        assert_eq!(url("http://localhost/pbx/a?b=c").unwrap(), "http://localhost/pbx/a?b=c");
    }

    #[test]
    fn only_plain_http_without_credentials_is_taken() {
        assert_eq!(url("https://localhost/"), Err(UrlError::NotHttp("https://localhost/".into())));
        assert_eq!(url("http://a:b@localhost/"), Err(UrlError::Credentials));
        for raw in ["", "localhost:8080", "/placetel", "http://", "ht tp://x"] {
            assert!(matches!(url(raw), Err(UrlError::Unreadable(_))), "{raw}");
        }
    }
}
