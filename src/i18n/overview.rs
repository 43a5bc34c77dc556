use crate::service::refusal::RefusalReason;
use crate::stats::filter::FilterProblem;
use crate::stats::period::Period;
use crate::stats::series::Series;

/// Texts of filters.
pub struct FilterTexts {
    pub title: &'static str,
    pub period: &'static str,
    pub period_name: fn(Period) -> &'static str,
    pub field: fn(&str) -> &'static str,
    pub problem: fn(FilterProblem) -> &'static str,
    pub unusable: fn(&str, &str, &str) -> String,
    pub fallback: &'static str,
    pub search: &'static str,
    pub search_hint: &'static str,
    pub any: &'static str,
    pub inbound: &'static str,
    pub outbound: &'static str,
    pub missed_or_voicemail: &'static str,
    pub open_hours: &'static str,
    pub closed_hours: &'static str,
    pub apply: &'static str,
    pub reset: &'static str,
    pub remove: fn(&str) -> String,
    pub active: &'static str,
}

/// Texts of the overview, the first page.
pub struct OverviewTexts {
    pub title: &'static str,
    pub connected: fn(&str) -> String,
    pub newest: fn(&str) -> String,
    pub definition: fn(&str) -> String,
    pub per_hour: &'static str,
    pub per_day: &'static str,
    pub per_week: &'static str,
    pub per_month: &'static str,
    pub series: fn(Series) -> &'static str,
    pub series_what: &'static str,
    pub table: &'static str,
    pub when: &'static str,
    pub total: &'static str,
    pub week: fn(u32, i32) -> String,
    pub short_week: fn(u32) -> String,
    pub no_calls: &'static str,
    pub too_long: &'static str,
    pub last_calls: &'static str,
    pub all_calls: &'static str,
}

/// Texts of the welcome page at the first start.
pub struct WelcomeTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub waiting: &'static str,
    pub waiting_what: &'static str,
    pub arrived: fn(&str) -> String,
    pub go_on: &'static str,
    pub refused: fn(&str, &str) -> String,
    pub refusal: fn(RefusalReason) -> &'static str,
    pub refusal_help: fn(RefusalReason) -> &'static str,
    pub try_it: &'static str,
    pub try_what: &'static str,
    pub try_simulate: &'static str,
    pub try_curl: &'static str,
    pub connect: &'static str,
    pub url: &'static str,
    pub url_local: &'static str,
    pub public: &'static str,
    pub public_steps: [&'static str; 3],
    pub public_done: &'static str,
    pub placetel: &'static str,
    pub placetel_product: &'static str,
    pub placetel_steps: [&'static str; 4],
    pub notify: &'static str,
    pub notify_steps: [&'static str; 2],
    pub control: &'static str,
    pub control_steps: [&'static str; 4],
}
