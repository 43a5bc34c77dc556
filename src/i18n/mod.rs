//! Translations of the pages: one struct of texts, filled once for each language, so that a missing text does not
//! compile.

/// Locale formatting of numbers, days and times.
pub mod format;
/// Why a route did not answer a call, in words.
pub mod reasons;

mod accounts;
mod audit;
mod call_log;
mod callbacks;
mod contacts;
mod dashboard;
mod de;
mod de_contacts;
mod de_dashboard;
mod de_routes;
mod docs;
mod en;
mod en_contacts;
mod en_dashboard;
mod en_routes;
mod history;
mod hours;
mod live;
mod overview;
mod quality;
mod route_trials;
mod routes;
mod shared;
mod trouble;

pub use accounts::{AccountsTexts, LoginTexts, SetupTexts};
pub use audit::AuditTexts;
pub use call_log::CallLogTexts;
pub use callbacks::CallbacksTexts;
pub use contacts::{ContactsTexts, ImportTexts, NamesTexts};
pub use dashboard::DashboardTexts;
pub use docs::DocsTexts;
pub use history::HistoryTexts;
pub use hours::HoursTexts;
pub use live::LiveTexts;
pub use overview::{FilterTexts, OverviewTexts, WelcomeTexts};
pub use quality::QualityTexts;
pub use route_trials::{RouteTrialTexts, WarningTexts};
pub use routes::{RouteTexts, RoutesTexts};
pub use shared::{ClosedTexts, ListsTexts, SchedulesTexts, SharedTexts};

use crate::calls::outcome::Outcome;
use crate::lang::Lang;
use crate::store::condition::Trouble;

/// All texts of the pages in one language.
pub struct Texts {
    /// For `lang="…"`.
    pub code: &'static str,
    pub frame: FrameTexts,
    pub filter: FilterTexts,
    pub overview: OverviewTexts,
    pub dashboard: DashboardTexts,
    pub welcome: WelcomeTexts,
    pub calls: CallsTexts,
    pub call: CallTexts,
    pub callbacks: CallbacksTexts,
    pub quality: QualityTexts,
    pub call_log: CallLogTexts,
    pub history: HistoryTexts,
    pub contacts: ContactsTexts,
    pub import: ImportTexts,
    pub names: NamesTexts,
    pub live: LiveTexts,
    pub docs: DocsTexts,
    pub routes: RoutesTexts,
    pub route: RouteTexts,
    pub route_trial: RouteTrialTexts,
    pub warnings: WarningTexts,
    pub hours: HoursTexts,
    pub shared: SharedTexts,
    pub settings: SettingsTexts,
    pub failure: FailureTexts,
    pub login: LoginTexts,
    pub setup: SetupTexts,
    pub accounts: AccountsTexts,
    pub audit: AuditTexts,
    pub outcome: fn(Outcome) -> &'static str,
}

/// Texts of the frame around every page.
pub struct FrameTexts {
    pub skip: &'static str,
    pub navigation: &'static str,
    pub overview: &'static str,
    pub calls: &'static str,
    pub live: &'static str,
    pub routes: &'static str,
    pub settings: &'static str,
    pub demo: &'static str,
    pub demo_what: &'static str,
    pub local_mode: &'static str,
    pub local_mode_what: &'static str,
    pub language: &'static str,
    pub times_in: &'static str,
    pub away: fn(&str) -> String,
    pub away_waiting: fn(u64, &str) -> String,
    pub trouble: fn(Trouble) -> &'static str,
    pub catching_up: fn(u64, &str) -> String,
    pub catching_up_what: &'static str,
    pub clock: fn(&str, &str) -> String,
    pub clock_what: &'static str,
}

/// Texts of the list of calls.
pub struct CallsTexts {
    pub title: &'static str,
    pub count: fn(i64, String) -> String,
    pub time: &'static str,
    pub party: &'static str,
    pub number: &'static str,
    pub peer: &'static str,
    pub outcome: &'static str,
    pub wait: &'static str,
    pub talk: &'static str,
    pub direction: &'static str,
    pub inbound: &'static str,
    pub outbound: &'static str,
    pub direction_unknown: &'static str,
    pub anonymous: &'static str,
    pub forgotten: &'static str,
    pub older: &'static str,
    pub newest: &'static str,
    pub none: &'static str,
    pub none_hint: &'static str,
    pub none_at_all: &'static str,
    pub reset: &'static str,
    pub csv: &'static str,
    pub csv_plain: &'static str,
    pub csv_excel: &'static str,
    pub wrong_cursor: &'static str,
}

/// Texts of the page of one call.
pub struct CallTexts {
    pub title: fn(&str) -> String,
    pub back: &'static str,
    pub happened: &'static str,
    pub incoming: fn(&str, &str) -> String,
    pub outgoing: fn(&str, &str) -> String,
    pub accepted: fn(Option<&str>) -> String,
    pub hung_up: fn(&str) -> String,
    pub talked: fn(&str) -> String,
    pub other_event: fn(&str) -> String,
    pub answered_by: fn(&str) -> String,
    pub answered_by_none: &'static str,
    pub no_hangup: &'static str,
    pub still_running: &'static str,
    pub after: fn(&str) -> String,
    pub received_times: fn(u32) -> String,
    pub decision: &'static str,
    pub decision_of: &'static str,
    pub no_decision: &'static str,
    pub no_decision_outbound: &'static str,
    pub decided_at: &'static str,
    pub answer: &'static str,
    pub deleted_route: &'static str,
    pub raw: &'static str,
    pub raw_count: fn(usize) -> String,
    pub surplus: fn(usize) -> String,
    pub facts: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub started: &'static str,
    pub accepted_at: &'static str,
    pub ended: &'static str,
    pub call_id: &'static str,
    pub calls_of_party: &'static str,
    pub unknown_value: &'static str,
}

/// Texts of the settings.
pub struct SettingsTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub setting: &'static str,
    pub value: &'static str,
    pub flag: &'static str,
    pub what: fn(&str) -> &'static str,
    pub none: &'static str,
    pub always: &'static str,
    pub secrets: fn(usize) -> String,
    pub is_set: &'static str,
    pub no_route_empty: &'static str,
    pub no_route_error: &'static str,
    pub log_auto: &'static str,
    pub remembered: &'static str,
    pub how: &'static str,
    pub how_flag: &'static str,
    pub how_environment: &'static str,
    pub how_file: &'static str,
    pub how_order: &'static str,
    pub version: &'static str,
    pub guide: &'static str,
}

/// Texts of the error pages.
pub struct FailureTexts {
    pub not_found: &'static str,
    pub not_found_what: &'static str,
    pub forbidden: &'static str,
    pub forbidden_what: &'static str,
    pub not_allowed: &'static str,
    pub not_allowed_what: &'static str,
    pub switched_off: &'static str,
    pub switched_off_what: &'static str,
    pub log_in: &'static str,
    pub log_in_what: &'static str,
    pub foreign: &'static str,
    pub foreign_what: &'static str,
    pub public: &'static str,
    pub public_secret: &'static str,
    pub public_basic: &'static str,
    pub public_account: &'static str,
    pub public_listen: &'static str,
    pub unavailable: &'static str,
    pub unavailable_what: &'static str,
    pub too_long: &'static str,
    pub too_long_what: &'static str,
    pub crowded: &'static str,
    pub crowded_what: &'static str,
    pub full: &'static str,
    pub full_what: &'static str,
    pub broken: &'static str,
    pub broken_what: &'static str,
    pub unusable: &'static str,
    pub said: &'static str,
    pub home: &'static str,
}

/// The texts of a language.
pub fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::De => &de::TEXTS,
        Lang::En => &en::TEXTS,
    }
}

/// The language with this code, as in `de-AT`.
pub fn parse_lang(code: &str) -> Option<Lang> {
    match code.split('-').next()?.trim().to_ascii_lowercase().as_str() {
        "de" => Some(Lang::De),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// The language that an `Accept-Language` likes best; English if it knows none of ours.
pub fn negotiate(accept_language: &str) -> Lang {
    let weighed = accept_language.split(',').filter_map(|part| {
        let (code, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        Some((parse_lang(code)?, weight)).filter(|(_, weight)| *weight > 0.0)
    });
    // The first of the best: max_by would take the last.
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(Lang::En, |(lang, _)| lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_the_language() {
        for (header, lang) in [
            ("de-DE,de;q=0.9,en;q=0.8", Lang::De),
            ("en-US,en;q=0.9,de;q=0.8", Lang::En),
            ("fr,de;q=0.5,en;q=0.4", Lang::De),
            ("de;q=0, en;q=0.1", Lang::En),
            ("DE", Lang::De),
            ("en;q=nonsense, de;q=0.2", Lang::De),
            ("fr", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(negotiate(header), lang, "{header}");
        }
    }

    #[test]
    fn each_language_says_its_code() {
        for lang in [Lang::De, Lang::En] {
            assert_eq!(parse_lang(texts(lang).code), Some(lang));
        }
    }

    #[test]
    fn plurals_know_one() {
        assert_eq!((texts(Lang::De).calls.count)(1, "1".into()), "1 Anruf");
        assert_eq!((texts(Lang::De).calls.count)(2, "2".into()), "2 Anrufe");
        assert_eq!((texts(Lang::En).calls.count)(1, "1".into()), "1 call");
        assert_eq!((texts(Lang::En).calls.count)(0, "0".into()), "0 calls");
    }
}
