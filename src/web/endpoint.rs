//! Endpoints: what a url takes, who may ask it, and which one a request is for. [`super::routes`] lists them all.

use actix_web::dev::ResourceDef;
use actix_web::guard::{Guard, GuardContext};
use actix_web::http::Method;
use actix_web::{HttpMessage, HttpRequest, Route};

use super::access::permissions::Access;
use super::extract::budget::Bound;

/// One method of one url.
#[derive(Debug)]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The pattern of the path, such as `/calls/{call_id}`.
    pub path: &'static str,
    /// Who may ask it.
    pub access: Access,
    /// Whether it shows an account only the lines that this is limited to. All others are closed to such accounts.
    pub is_of_lines: bool,
    /// Whether reading it is free of the limits of [`super::questions`]: it tells of the service itself, and little.
    pub is_free: bool,
    /// The limits of its body.
    pub body: Bound,
    /// The handler, as a route without a guard.
    pub handler: fn() -> Route,
}

/// Returns the endpoint for `GET`.
pub const fn get(path: &'static str, access: Access, handler: fn() -> Route) -> Endpoint {
    Endpoint::new(Method::GET, path, access, handler)
}

/// Returns the endpoint for `POST`.
pub const fn post(path: &'static str, access: Access, handler: fn() -> Route) -> Endpoint {
    Endpoint::new(Method::POST, path, access, handler)
}

/// Returns the endpoint for `PUT`.
pub const fn put(path: &'static str, access: Access, handler: fn() -> Route) -> Endpoint {
    Endpoint::new(Method::PUT, path, access, handler)
}

/// Returns the endpoint for `DELETE`.
pub const fn delete(path: &'static str, access: Access, handler: fn() -> Route) -> Endpoint {
    Endpoint::new(Method::DELETE, path, access, handler)
}

impl Endpoint {
    const fn new(method: Method, path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        let body = match access {
            Access::Open => Bound::OPEN,
            Access::OwnAccount => Bound::ACCOUNT,
            Access::Machine => Bound::JSON,
            Access::Accounts | Access::Audit | Access::Trial | Access::Page => Bound::FORM,
        };
        Self { method, path, access, is_of_lines: false, is_free: false, body, handler }
    }

    /// Opens it to accounts that are limited to some lines.
    pub const fn of_lines(mut self) -> Self {
        self.is_of_lines = true;
        self
    }

    /// Frees it of the limits of requests that read.
    pub const fn free(mut self) -> Self {
        self.is_free = true;
        self
    }

    /// Sets the limits of its body, where those that its access implies do not fit.
    pub const fn takes(mut self, body: Bound) -> Self {
        self.body = body;
        self
    }

    /// Returns the endpoint that a request is for, once [`Endpoints::find`] has found it.
    pub fn of(request: &HttpRequest) -> Option<&'static Self> {
        request.extensions().get::<Matched>().map(|matched| matched.0)
    }
}

/// Request extension: the endpoint that a request is for.
struct Matched(&'static Endpoint);

/// Lets only those requests through that were found to be for this endpoint.
impl Guard for &'static Endpoint {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        context.req_data().get::<Matched>().is_some_and(|matched| std::ptr::eq(matched.0, *self))
    }
}

/// All endpoints, with their compiled patterns.
pub struct Endpoints(Vec<(ResourceDef, &'static Endpoint)>);

impl Endpoints {
    /// Compiles the patterns.
    pub fn new(tables: impl IntoIterator<Item = &'static [Endpoint]>) -> Self {
        Self(tables.into_iter().flatten().map(|endpoint| (ResourceDef::new(endpoint.path), endpoint)).collect())
    }

    /// Returns the endpoint that a request is for, and notes it in the request: of the first pattern that fits, that with
    /// its method. It alone decides who may ask and what answers, so that these two cannot differ.
    pub fn find(&self, request: &HttpRequest) -> Option<&'static Endpoint> {
        // HEAD answers like GET.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let found = self.with_path(request).find(|endpoint| endpoint.method == *method)?;
        request.extensions_mut().insert(Matched(found));
        Some(found)
    }

    /// Returns the methods that a path has, as the header `Allow` lists them; `None` where there is nothing.
    pub fn methods(&self, request: &HttpRequest) -> Option<String> {
        let mut methods: Vec<&str> = self.with_path(request).map(|endpoint| endpoint.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        (!methods.is_empty()).then(|| methods.join(", "))
    }

    /// Returns the endpoints of the first pattern that fits. The path is the one that the router decoded, so that
    /// percent-encoding cannot make it pass for another.
    fn with_path(&self, request: &HttpRequest) -> impl Iterator<Item = &'static Endpoint> {
        let path = request.match_info().as_str();
        let first = self.0.iter().find(|(pattern, _)| pattern.is_match(path));
        let fitting = first.map(|(_, endpoint)| endpoint.path);
        self.0.iter().map(|(_, endpoint)| *endpoint).filter(move |endpoint| Some(endpoint.path) == fitting)
    }
}
