//! A plain HTTP client that sends exactly what it is told, and the methods of each url.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads what has come. A machine that stands still for a moment interrupts a read that has a timeout (signal(7)).
pub fn read_some(from: &mut impl Read, chunk: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match from.read(chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        // Not by `from_slice`, which would be compiled with the tests, without optimisation.
        self.text().parse::<Value>().unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The JSON of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self}");
        self.json()
    }

    /// An error as RFC 9457 wants it; what it says.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self}");
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {self}");
        }
        problem
    }

    /// The fields that a 400 names.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<String> {
        let problem = self.problem(400);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self}"));
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    pub fn xml(&self) -> &str {
        assert_eq!(self.status, 200, "{self}");
        let media = self.header("content-type").unwrap();
        assert_eq!(media.split(';').next(), Some("application/xml"), "{self}");
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        self.text().strip_prefix(declaration).unwrap_or_else(|| panic!("no declaration: {self}")).trim()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// One request, sent as it stands.
pub struct Request {
    address: SocketAddr,
    line: String,
    host: Option<String>,
    headers: String,
    body: Vec<u8>,
    /// Of a body that never comes.
    told_length: Option<usize>,
}

impl Request {
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let line = format!("{method} {path} HTTP/1.1\r\n");
        Self {
            address,
            line,
            host: Some(address.to_string()),
            headers: String::new(),
            body: Vec::new(),
            told_length: None,
        }
    }

    pub fn http_1_0(mut self) -> Self {
        self.line = self.line.replace("HTTP/1.1", "HTTP/1.0");
        self
    }

    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub fn form(self, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("Content-Type", "application/x-www-form-urlencoded");
        request.body = body.into();
        request
    }

    pub fn json(self, value: &Value) -> Self {
        let mut request = self.header("Content-Type", "application/json");
        request.body = value.to_string().into_bytes();
        request
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Tells a body that never comes.
    pub fn only_head(mut self, told_length: usize) -> Self {
        self.told_length = Some(told_length);
        self
    }

    #[track_caller]
    pub fn send(self) -> Answer {
        let line = self.line.clone();
        self.try_send().unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    pub fn try_send(self) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = self.host.map(|host| format!("Host: {host}\r\n")).unwrap_or_default();
        let head = format!(
            "{}{host}{}Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.line,
            self.headers,
            self.told_length.unwrap_or(self.body.len())
        );
        // Whoever refuses early need not read everything.
        let _ = stream.write_all(&[head.as_bytes(), &self.body].concat());
        let mut answer = Vec::new();
        let mut chunk = [0; 64 * 1024];
        // Not everybody closes the connection when asked to: a length is enough.
        let is_head = self.line.starts_with("HEAD ");
        while !(has_its_length(&answer) || is_head && head_and_body(&answer).is_some()) {
            match read_some(&mut stream, &mut chunk) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&chunk[..read]),
                Err(error) if answer.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        read_answer(&answer, is_head).ok_or_else(|| std::io::Error::other(format!("no answer: {answer:?}")))
    }
}

fn has_its_length(bytes: &[u8]) -> bool {
    let Some((head, body)) = head_and_body(bytes) else { return false };
    let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.is_some_and(|(_, length)| length.trim() == body.len().to_string())
}

fn head_and_body(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 4..]))
}

fn read_answer(bytes: &[u8], is_head: bool) -> Option<Answer> {
    let (head, body) = head_and_body(bytes)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> =
        lines.filter_map(|line| line.split_once(':')).map(|(n, v)| (n.to_owned(), v.trim().to_owned())).collect();
    let mut answer = Answer { status, headers, body: body.to_vec() };
    if is_head {
        return Some(answer);
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = dechunk(&answer.body)?;
    }
    let complete = answer.header("content-length").is_none_or(|length| length == answer.body.len().to_string());
    complete.then_some(answer)
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Anything that answers at an address.
pub trait Answers {
    fn address(&self) -> SocketAddr;

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address(), method, path)
    }

    fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    fn post_event(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.request("POST", "/placetel").form(body).send()
    }

    fn stats(&self, query: &str) -> Answer {
        self.get(&format!("/api/v1/stats?{query}"))
    }

    fn calls(&self, query: &str) -> Answer {
        self.get(&format!("/api/v1/calls?{query}"))
    }

    fn call(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/calls/{id}"))
    }

    fn csv(&self, query: &str) -> Answer {
        self.get(&format!("/calls.csv?{query}"))
    }

    fn routes(&self) -> Answer {
        self.get("/api/v1/routes")
    }

    fn route(&self, id: &Value) -> Answer {
        self.get(&format!("/api/v1/routes/{id}"))
    }

    fn create_route(&self, route: &Value) -> Answer {
        self.request("POST", "/api/v1/routes").json(route).send()
    }

    fn put_route(&self, id: &Value, route: &Value) -> Answer {
        self.request("PUT", &format!("/api/v1/routes/{id}")).json(route).send()
    }

    fn revision(&self, id: &Value) -> Answer {
        self.get(&format!("/api/v1/routes/revisions/{id}"))
    }

    fn restore(&self, revision: &Value) -> Answer {
        self.request("POST", &format!("/api/v1/routes/revisions/{revision}/restore")).send()
    }

    fn replace_routes(&self, items: &Value) -> Answer {
        self.request("PUT", "/api/v1/routes").json(&serde_json::json!({"items": items})).send()
    }

    fn delete_route(&self, id: &Value) -> Answer {
        self.request("DELETE", &format!("/api/v1/routes/{id}")).send()
    }
}
