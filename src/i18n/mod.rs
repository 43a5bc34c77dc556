//! The texts of pages and messages. Each subject has a file, with both languages side by side: a struct of texts that is
//! filled once for each, so that a missing text does not compile.

/// Locale formatting of numbers, days and times.
pub mod format;
/// What is wrong with what somebody sent, in words.
pub mod problems;
/// Why a route did not answer a call, in words.
pub mod reasons;
/// What a change of the routes changed, in words.
pub mod revisions;

mod accounts;
mod audit;
mod call;
mod call_log;
mod callbacks;
mod calls;
mod closed;
mod contacts;
mod dashboard;
mod docs;
mod failure;
mod filter;
mod frame;
mod history;
mod hours;
mod import;
mod lists;
mod live;
mod login;
mod names;
mod negotiation;
mod outcome;
mod overview;
mod quality;
mod route;
mod route_problems;
mod route_trial;
mod routes;
mod schedules;
mod settings;
mod setup;
mod shared;
mod warnings;
mod welcome;

pub use accounts::AccountsTexts;
pub use audit::AuditTexts;
pub use call::CallTexts;
pub use call_log::CallLogTexts;
pub use callbacks::CallbacksTexts;
pub use calls::CallsTexts;
pub use closed::ClosedTexts;
pub use contacts::ContactsTexts;
pub use dashboard::DashboardTexts;
pub use docs::DocsTexts;
pub use failure::FailureTexts;
pub use filter::FilterTexts;
pub use frame::FrameTexts;
pub use history::HistoryTexts;
pub use hours::HoursTexts;
pub use import::ImportTexts;
pub use lists::ListsTexts;
pub use live::LiveTexts;
pub use login::LoginTexts;
pub use names::NamesTexts;
pub use negotiation::{negotiate, parse_lang};
pub use outcome::OutcomeText;
pub use overview::OverviewTexts;
pub use quality::QualityTexts;
pub use route::RouteTexts;
pub use route_trial::RouteTrialTexts;
pub use routes::RoutesTexts;
pub use schedules::SchedulesTexts;
pub use settings::SettingsTexts;
pub use setup::SetupTexts;
pub use shared::SharedTexts;
pub use warnings::WarningTexts;
pub use welcome::WelcomeTexts;

use crate::lang::Lang;

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
    pub outcome: OutcomeText,
}

/// All English texts.
static EN: Texts = Texts {
    code: "en",
    frame: frame::EN,
    filter: filter::EN,
    overview: overview::EN,
    dashboard: dashboard::EN,
    welcome: welcome::EN,
    calls: calls::EN,
    call: call::EN,
    callbacks: callbacks::EN,
    quality: quality::EN,
    call_log: call_log::EN,
    history: history::EN,
    contacts: contacts::EN,
    import: import::EN,
    names: names::EN,
    live: live::EN,
    docs: docs::EN,
    routes: routes::EN,
    route: route::EN,
    route_trial: route_trial::EN,
    warnings: warnings::EN,
    hours: hours::EN,
    shared: shared::EN,
    settings: settings::EN,
    failure: failure::EN,
    login: login::EN,
    setup: setup::EN,
    accounts: accounts::EN,
    audit: audit::EN,
    outcome: outcome::EN,
};

/// All German texts.
static DE: Texts = Texts {
    code: "de",
    frame: frame::DE,
    filter: filter::DE,
    overview: overview::DE,
    dashboard: dashboard::DE,
    welcome: welcome::DE,
    calls: calls::DE,
    call: call::DE,
    callbacks: callbacks::DE,
    quality: quality::DE,
    call_log: call_log::DE,
    history: history::DE,
    contacts: contacts::DE,
    import: import::DE,
    names: names::DE,
    live: live::DE,
    docs: docs::DE,
    routes: routes::DE,
    route: route::DE,
    route_trial: route_trial::DE,
    warnings: warnings::DE,
    hours: hours::DE,
    shared: shared::DE,
    settings: settings::DE,
    failure: failure::DE,
    login: login::DE,
    setup: setup::DE,
    accounts: accounts::DE,
    audit: audit::DE,
    outcome: outcome::DE,
};

/// Returns the texts of a language.
pub fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::De => &DE,
        Lang::En => &EN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
