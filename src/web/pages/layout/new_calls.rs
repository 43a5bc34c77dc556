use super::context::PageContext;
use super::filter::PageFilter;

/// The data of the notice that new calls have arrived since a list was loaded: see `live.js`.
pub struct NewCallsNotice {
    pub now_ms: i64,
    pub one: &'static str,
    pub many: &'static str,
    pub some: &'static str,
    pub direction: &'static str,
    pub number: String,
    pub peer: String,
    pub party: String,
}

impl NewCallsNotice {
    /// Builds the notice for a list with this filter; `None` if a new call could not appear in the list, or if the live
    /// stream cannot tell whether a call matches the filter.
    pub fn of(asked: &PageFilter, context: &PageContext) -> Option<Self> {
        let (filter, today, t) = (asked.filter(), asked.calls.as_of.today, &context.texts.live);
        let is_open = (filter.days.start..=filter.days.end).contains(&today);
        let is_told = filter.outcomes.is_empty()
            && filter.search.is_none()
            && filter.in_hours.is_none()
            && filter.route.is_none();
        // Users who are limited to some lines get no live stream.
        (is_open && is_told && !context.is_limited()).then(|| Self {
            now_ms: context.now_ms,
            one: t.one_new,
            many: t.many_new,
            some: t.some_new,
            direction: filter.direction.map_or("", |direction| direction.as_str()),
            number: filter.number.clone().unwrap_or_default(),
            peer: filter.peer.clone().unwrap_or_default(),
            party: filter.party.clone().unwrap_or_default(),
        })
    }
}
