//! A tile: a figure with its explanation, its change, and a link to its calls.

use super::address::Address;
use super::change::{Change, Wanted, of_calls, of_seconds};
use super::open_callbacks::OpenCallbacks;
use crate::calls::outcome::Outcome;
use crate::i18n::DashboardTexts;
use crate::i18n::format::Format;
use crate::service::statistics::figures::{Before, PeriodFigures};
use crate::stats::business::BusinessTime;
use crate::stats::filter::Filter;
use crate::stats::people::GroupCounts;
use crate::stats::totals::{ServiceLevel, Totals};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter_query::FilterQuery;

/// A figure and its explanation.
pub struct Tile {
    pub class: &'static str,
    pub name: &'static str,
    pub value: String,
    pub unit: String,
    pub more: Vec<String>,
    pub change: Option<Change>,
    pub href: Option<String>,
    pub what: String,
    pub ask: String,
    /// The keys under which the live stream sends the value, its unit and the first line below: see `live/stats.rs`.
    pub stat: &'static str,
    pub unit_stat: &'static str,
    pub more_stat: &'static str,
}

/// The data from which tiles are built.
pub struct TileData<'a> {
    pub figures: &'a PeriodFigures,
    pub filter: &'a Filter,
    pub words: &'a FilterQuery,
    pub address: &'a Address,
    /// Whether business hours are configured.
    pub has_hours: bool,
    pub business: &'a BusinessTime,
    pub context: &'a PageContext,
}

impl TileData<'_> {
    /// Returns the tiles of the company, a line or a caller.
    pub fn of_calls(&self, owed: Option<&OpenCallbacks>) -> Vec<Tile> {
        let owed = owed.map(|owed| self.owed(owed));
        [Some(self.inbound()), Some(self.missed()), owed, Some(self.wait()), Some(self.talk())]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Returns the tiles of an agent, without missed calls: no single agent is to blame for those of a group.
    pub fn of_agent(&self) -> Vec<Tile> {
        vec![self.conversations(), self.talk(), self.talk_total()]
    }

    fn t(&self) -> &'static DashboardTexts {
        &self.context.texts.dashboard
    }

    fn format(&self) -> &Format {
        &self.context.format
    }

    fn totals(&self) -> &Totals {
        &self.figures.totals
    }

    fn day(&self, at_ms: i64) -> chrono::NaiveDate {
        self.business.day(at_ms)
    }

    fn before<T>(&self, of: impl Fn(&Before) -> T) -> Option<T> {
        self.figures.compared().map(of)
    }

    fn tile(&self, name: &'static str, value: String, what: &str) -> Tile {
        Tile {
            class: "",
            name,
            value,
            unit: String::new(),
            more: Vec::new(),
            change: None,
            href: None,
            what: what.to_owned(),
            ask: (self.context.texts.overview.definition)(name),
            stat: "",
            unit_stat: "",
            more_stat: "",
        }
    }

    /// Returns the URL of the list of these calls; `None` if there are none.
    fn list(&self, count: i64, words: &[(&'static str, &str)]) -> Option<String> {
        let narrowed = words.iter().fold(self.words.clone(), |all, (name, value)| all.with(name, *value));
        (count > 0).then(|| self.address.calls(narrowed))
    }

    fn calls_change(&self, now: i64, before: Option<i64>, wanted: Wanted) -> Option<Change> {
        before.map(|before| of_calls(now, before, wanted, self.t(), self.format()))
    }

    fn inbound(&self) -> Tile {
        let (t, format, totals) = (self.t(), self.format(), self.totals());
        let number = |n| format.number(n);
        let (outbound, all) = (number(totals.outbound), number(totals.calls));
        let besides = match totals.internal {
            0 => (t.besides)(&outbound, &all),
            internal => (t.besides_internal)(&outbound, &number(internal), &all),
        };
        Tile {
            more: vec![besides],
            change: self.calls_change(totals.inbound, self.before(|b| b.totals.inbound), Wanted::Either),
            href: self.list(totals.inbound, &[("direction", "in")]),
            stat: "in",
            more_stat: "besides",
            ..self.tile(t.inbound, number(totals.inbound), t.inbound_what)
        }
    }

    /// Returns the tile of missed calls, if possible of those during business hours, because these matter most.
    fn missed(&self) -> Tile {
        let (t, format, totals) = (self.t(), self.format(), self.totals());
        let all =
            GroupCounts { missed: totals.inbound_missed, answerable: totals.answerable(), ..GroupCounts::default() };
        let splits = self.has_hours && self.filter.in_hours.is_none();
        let open = self.figures.while_open;
        let (share, before) = if splits {
            (open, self.before(|b| b.while_open.missed))
        } else {
            (all, self.before(|b| b.totals.inbound_missed))
        };
        let mut more = Vec::new();
        if splits && all.missed > open.missed {
            more.push((t.while_closed)(&format.number(all.missed - open.missed)));
        }
        if let Some(seconds) = totals.abandoned_wait_seconds.median {
            more.push((t.gave_up)(&format.duration(seconds.into())));
        }
        let mut words = vec![("outcome", "missed"), ("direction", "in")];
        if splits {
            words.push(("hours", "open"));
        }
        Tile {
            class: if share.missed > 0 { "missed" } else { "" },
            unit: self.share(share.missed, share.answerable),
            more,
            change: self.calls_change(share.missed, before, Wanted::Less),
            href: self.list(share.missed, &words),
            stat: if splits { "in_missed_open" } else { "in_missed" },
            unit_stat: if splits { "in_missed_open_share" } else { "in_missed_share" },
            ..self.tile(
                if splits { t.missed_open } else { t.missed },
                format.number(share.missed),
                if splits { t.missed_open_what } else { t.missed_what },
            )
        }
    }

    fn owed(&self, owed: &OpenCallbacks) -> Tile {
        let (t, format) = (self.t(), self.format());
        let since = owed.first.first().map(|first| (t.owed_since)(&format.short_day(self.day(first.first_missed_ms))));
        Tile {
            class: if owed.count > 0 { "owed" } else { "" },
            more: vec![since.unwrap_or_else(|| t.owed_none.to_owned())],
            href: Some("/callbacks".to_owned()),
            stat: "owed",
            ..self.tile(t.owed, format.number(owed.count), t.owed_what)
        }
    }

    fn wait(&self) -> Tile {
        let (t, format, wait) = (self.t(), self.format(), &self.totals().wait_seconds);
        let median = |seconds: Option<u32>| seconds.map(i64::from);
        let level = self.totals().service_level.as_ref();
        let before = self.before(|b| b.totals.wait_seconds.median).flatten();
        Tile {
            more: level
                .filter(|level| level.answerable > 0 && self.filter.outcomes.is_empty())
                .map(|level| self.level(level))
                .into_iter()
                .collect(),
            change: of_seconds(median(wait.median), median(before), Wanted::Less, t, format),
            href: self.list(wait.calls, &[("direction", "in"), ("outcome", "accepted")]),
            stat: "wait_median",
            ..self.tile(
                t.wait,
                format.known_duration(wait.median),
                &(t.wait_what)(level.map_or(0, |level| level.within_seconds)),
            )
        }
    }

    fn talk(&self) -> Tile {
        let (t, format, talk) = (self.t(), self.format(), &self.totals().talk_seconds);
        let rounded = |seconds: Option<f64>| seconds.map(|seconds| seconds.round() as i64);
        let before = self.before(|b| b.totals.talk_seconds.average).flatten();
        let median = talk.median.map(|seconds| (t.half_within)(&format.duration(seconds.into())));
        Tile {
            more: median.into_iter().collect(),
            change: of_seconds(rounded(talk.average), rounded(before), Wanted::Either, t, format),
            href: self.list(talk.calls, &[("outcome", "accepted")]),
            stat: "talk_average",
            ..self.tile(t.talk, format.mean_duration(talk.average), t.talk_what)
        }
    }

    fn conversations(&self) -> Tile {
        let (t, format) = (self.t(), self.format());
        let accepted = self.totals().outcomes.get(Outcome::Accepted);
        let before = self.before(|b| b.totals.outcomes.get(Outcome::Accepted));
        Tile {
            change: self.calls_change(accepted, before, Wanted::Either),
            href: self.list(accepted, &[("outcome", "accepted")]),
            ..self.tile(t.conversations, format.number(accepted), t.conversations_what)
        }
    }

    fn talk_total(&self) -> Tile {
        let (t, format) = (self.t(), self.format());
        let total = |totals: &Totals| Some(totals.talk_seconds.total).filter(|_| totals.talk_seconds.calls > 0);
        let before = self.before(|b| total(&b.totals)).flatten();
        Tile {
            change: of_seconds(total(self.totals()), before, Wanted::Either, t, format),
            ..self.tile(t.talk_total, format.known_duration(total(self.totals())), t.talk_total_what)
        }
    }

    fn level(&self, level: &ServiceLevel) -> String {
        let share = self.format().share(level.in_time, level.answerable);
        (self.t().within)(&share, level.within_seconds)
    }

    fn share(&self, part: i64, whole: i64) -> String {
        // With a filter on outcomes the share would be meaningless.
        if self.filter.outcomes.is_empty() { self.t().beside(part, whole, self.format()) } else { String::new() }
    }
}
