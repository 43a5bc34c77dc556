use super::format::Format;

/// Texts of the dashboard of everything, a line, an agent or a caller.
pub struct DashboardTexts {
    pub back: &'static str,
    pub of_line: fn(&str) -> String,
    pub of_agent: fn(&str) -> String,
    pub of_caller: fn(&str) -> String,
    pub ever: &'static str,
    // The filter bar.
    pub earlier: &'static str,
    pub later: &'static str,
    pub more_filters: &'static str,
    pub line: &'static str,
    pub agent: &'static str,
    pub compare: &'static str,
    pub compare_on: &'static str,
    pub compare_off: &'static str,
    // The first look.
    pub first_look: &'static str,
    pub last_day: &'static str,
    pub today_so_far: &'static str,
    pub inbound_count: fn(i64, &str) -> String,
    pub missed_count: fn(i64, &str) -> String,
    pub of_them_open: fn(i64, &str) -> String,
    pub ring_back: &'static str,
    pub ring_back_none: &'static str,
    pub ring_back_all: &'static str,
    pub tried: fn(i64, &str, &str) -> String,
    pub is_owed: fn(&str) -> String,
    pub not_owed: &'static str,
    pub dial: &'static str,
    // Tiles.
    pub figures: &'static str,
    pub list: &'static str,
    pub of: fn(&str) -> String,
    pub against: fn(&str) -> String,
    pub unchanged: &'static str,
    pub compared: fn(&str, bool) -> String,
    pub not_compared: fn(&str) -> String,
    pub inbound: &'static str,
    pub inbound_what: &'static str,
    pub besides: fn(&str, &str) -> String,
    pub missed: &'static str,
    pub missed_what: &'static str,
    pub missed_open: &'static str,
    pub missed_open_what: &'static str,
    pub while_closed: fn(&str) -> String,
    pub gave_up: fn(&str) -> String,
    pub owed: &'static str,
    pub owed_what: &'static str,
    pub owed_since: fn(&str) -> String,
    pub owed_none: &'static str,
    pub wait: &'static str,
    pub wait_what: fn(u32) -> String,
    pub within: fn(&str, u32) -> String,
    pub talk: &'static str,
    pub talk_what: &'static str,
    pub half_within: fn(&str) -> String,
    pub conversations: &'static str,
    pub conversations_what: &'static str,
    pub talk_total: &'static str,
    pub talk_total_what: &'static str,
    // The week.
    pub week: &'static str,
    pub week_what: fn(bool) -> &'static str,
    pub week_switch: &'static str,
    pub week_all: &'static str,
    pub week_missed: &'static str,
    pub weekday: &'static str,
    pub none_missed: &'static str,
    pub scale: &'static str,
    // Tables.
    pub outcomes: &'static str,
    pub accepted_rate: fn(&str) -> String,
    pub lines: &'static str,
    pub lines_what: &'static str,
    pub agents: &'static str,
    pub agents_what: &'static str,
    pub agents_none: &'static str,
    pub share: &'static str,
    pub talk_short: &'static str,
    pub mean: &'static str,
    pub all_of: fn(&str) -> String,
    pub callers: &'static str,
    pub callers_among: fn(&str) -> String,
    pub callers_more: &'static str,
    pub callers_whole: &'static str,
    pub calls: &'static str,
    pub too_many: &'static str,
    pub nothing: &'static str,
    pub nothing_hint: &'static str,
}

impl DashboardTexts {
    /// Returns the share beside a count: the total if it is small, otherwise a percentage.
    pub fn beside(&self, part: i64, whole: i64, format: &Format) -> String {
        match whole {
            ..=0 => String::new(),
            few if format.is_few(few) => (self.of)(&format.number(few)),
            _ => format.share(part, whole),
        }
    }

    /// Describes how many calls came in, how many were missed, and how many of those during business hours.
    pub fn counts(&self, inbound: i64, missed: i64, open: Option<i64>, format: &Format) -> [String; 3] {
        let (is_any, open) = (inbound > 0 || missed > 0, open.filter(|_| missed > 0));
        [
            (self.inbound_count)(inbound, &format.number(inbound)),
            if is_any { (self.missed_count)(missed, &format.number(missed)) } else { String::new() },
            open.map_or(String::new(), |open| format!(", {}", (self.of_them_open)(open, &format.number(open)))),
        ]
    }
}
