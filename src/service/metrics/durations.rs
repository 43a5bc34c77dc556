use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const SECONDS: [f64; 13] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// The path that nearly all requests go to.
const BUSIEST: &str = "/placetel";
/// The label of urls that do not exist: clients choose their paths freely.
const NO_ROUTE: &str = "none";

/// The labels of a request: the pattern of its url, never the url itself, and the class of its status.
type Route = [(&'static str, String); 2];

/// Histograms of how long requests take, by pattern and class of status.
pub struct Requests {
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    busiest: [Histogram; CLASSES.len()],
}

impl Requests {
    pub fn new(registry: &mut Registry) -> Self {
        let seconds = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        registry.register_with_unit(
            "fernamt_http_request_duration",
            "How long requests took until their answer began, by url pattern and class of status",
            Unit::Seconds,
            seconds.clone(),
        );
        let busiest = CLASSES.map(|class| seconds.get_or_create_owned(&route(BUSIEST.to_owned(), class)));
        Self { seconds, busiest }
    }

    pub(super) fn observe(&self, path: &str, pattern: impl FnOnce() -> Option<String>, status: u16, took: Duration) {
        let class = (usize::from(status) / 100).clamp(1, CLASSES.len()) - 1;
        let seconds = took.as_secs_f64();
        if path == BUSIEST {
            self.busiest[class].observe(seconds);
        } else {
            let pattern = pattern().unwrap_or_else(|| NO_ROUTE.to_owned());
            self.seconds.get_or_create(&route(pattern, CLASSES[class])).observe(seconds);
        }
    }
}

fn route(pattern: String, class: &'static str) -> Route {
    [("route", pattern), ("status", class.to_owned())]
}
