//! The hours of a route in its form: always, a weekly table, a schedule, or a typed expression.

use super::{RouteForm, SCHEDULE};
use crate::fields::FieldError;
use crate::i18n::HoursTexts;
use crate::routing::hours::HoursContext;
use crate::routing::hours::suggest::suggest;
use crate::routing::hours::week::{DAY, Holidays, Span, Week, clock, read_clock};
use crate::routing::named::{Key, ScheduleReference};
use crate::web::pages::layout::form_state::InputError;
use crate::web::pages::routes::hours_words::notes_in_words;

/// The ways to enter hours, in the order of the form.
pub const HOURS_KINDS: [&str; 4] = ["always", "week", "schedule", "typed"];
/// The rows of the weekly table, Monday first, public holidays last.
const ROWS: [&str; 8] = ["mo", "tu", "we", "th", "fr", "sa", "su", "ph"];
/// The pairs of inputs in a row.
const PAIRS: [(&str, &str); 2] = [("from", "to"), ("from2", "to2")];
const KIND: &str = "hours.kind";
const HOLIDAYS: &str = "week.holidays";
/// The input that says whether the route applies while the schedule is open or while it is closed.
const WHILE: &str = "hours.while";
const WHILE_CLOSED: &str = "closed";
/// The number of weekdays, Monday to Friday.
const WEEKDAYS: usize = 5;

/// A row of the weekly table.
pub struct WeekRow {
    /// The day in full.
    pub day: &'static str,
    /// The day in two or three letters.
    pub short: &'static str,
    /// Whether this is the row of public holidays.
    pub is_holidays: bool,
    /// The inputs: from, to, and a second pair of them.
    pub cells: Vec<WeekCell>,
}

/// An input of the weekly table.
pub struct WeekCell {
    /// The name of the input.
    pub input: String,
    /// The label for screen readers.
    pub label: String,
}

/// A validation error of the hours, as input name and message.
type Wrong = (String, &'static str);

impl RouteForm {
    /// Returns how the hours are entered; forms that do not tell have a typed expression or none.
    pub fn hours_kind(&self) -> &str {
        match (self.value(KIND), self.value("hours")) {
            ("", "") => "always",
            ("", _) => "typed",
            (kind, _) => kind,
        }
    }

    /// Returns the chosen treatment of public holidays.
    pub fn holidays(&self) -> &str {
        self.value(HOLIDAYS)
    }

    /// Returns whether this schedule is chosen.
    pub fn has_schedule(&self, name: &str) -> bool {
        let key = Key::parse(self.value(SCHEDULE));
        key.is_some() && key == Key::parse(name)
    }

    /// Returns whether the route applies while the schedule is closed.
    pub fn is_while_closed(&self) -> bool {
        self.value(WHILE) == WHILE_CLOSED
    }

    /// Returns the rows of the weekly table.
    pub fn week_rows(&self, t: &HoursTexts) -> Vec<WeekRow> {
        let row = |(place, row): (usize, &&str)| {
            let day = t.days_long.get(place).copied().unwrap_or(t.holidays);
            let labels = [(t.from_of)(day), (t.to_of)(day), (t.again_from_of)(day), (t.again_to_of)(day)];
            let names = PAIRS.iter().flat_map(|(from, to)| [from, to]);
            let cells = names.zip(labels).map(|(name, label)| WeekCell { input: cell(row, name), label }).collect();
            let short = t.days.get(place).copied().unwrap_or(t.holidays);
            WeekRow { day, short, is_holidays: place == 7, cells }
        };
        ROWS.iter().enumerate().map(row).collect()
    }

    /// Returns the suggested correction of the typed hours.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// Fills the inputs with the hours of a route.
    pub(super) fn show_hours(&mut self, hours: Option<&str>) {
        let week = hours.and_then(Week::of).filter(fits);
        let schedule = hours.and_then(ScheduleReference::read).and_then(Result::ok);
        let kind = match (hours, &week, &schedule) {
            (None, ..) => "always",
            (_, _, Some(_)) => "schedule",
            (_, Some(_), _) => "week",
            _ => "typed",
        };
        if let Some(ScheduleReference { key, when_open }) = schedule {
            self.values.insert(SCHEDULE.into(), key.as_str().to_owned());
            self.values.insert(WHILE.into(), if when_open { "open" } else { WHILE_CLOSED }.into());
        }
        self.values.insert(KIND.into(), kind.into());
        self.show_week(&week.unwrap_or_else(office_hours));
    }

    fn show_week(&mut self, week: &Week) {
        let (holidays, own) = match &week.holidays {
            Holidays::Usual => ("usual", &[] as &[Span]),
            Holidays::Own(own) if own.is_empty() => ("off", own.as_slice()),
            Holidays::Own(own) => ("own", own.as_slice()),
        };
        self.values.insert(HOLIDAYS.into(), holidays.into());
        for (row, spans) in ROWS.iter().zip(week.days.iter().map(Vec::as_slice).chain([own])) {
            for ((from, to), span) in PAIRS.iter().zip(spans) {
                self.values.insert(cell(row, from), clock(span.from));
                self.values.insert(cell(row, to), clock(span.to));
            }
        }
    }

    /// Returns the expression of the entered hours; `None` if always or unusable: see [`Self::hours_errors`].
    pub(super) fn hours(&self) -> Option<String> {
        match self.hours_kind() {
            "typed" => Some(self.value("hours").to_owned()),
            "schedule" if self.value(WHILE) == WHILE_CLOSED => Some(format!("not @{}", self.value(SCHEDULE))),
            "schedule" => Some(format!("@{}", self.value(SCHEDULE))),
            "week" => {
                let week = self.week(&mut Vec::new(), None);
                // An unchanged table keeps the expression as it was typed.
                let typed = Some(self.value("hours")).filter(|typed| Week::of(typed).is_some_and(|same| same == week));
                Some(typed.map_or_else(|| week.to_expression(), str::to_owned))
            }
            _ => None,
        }
    }

    /// Returns the errors of the hours that the API's validation cannot find.
    pub(super) fn hours_errors(&self, t: &HoursTexts, label: &str) -> Vec<InputError> {
        let mut wrong = Vec::new();
        match self.hours_kind() {
            "always" => {}
            "week" => {
                let week = self.week(&mut wrong, Some(t));
                let is_empty = week.to_expression() == "off";
                if wrong.is_empty() && is_empty {
                    wrong.push(("week".into(), t.never_open));
                }
            }
            "schedule" if self.value(SCHEDULE).is_empty() => wrong.push((SCHEDULE.into(), t.schedule_missing)),
            "schedule" => {}
            "typed" if self.value("hours").trim().is_empty() => wrong.push(("hours".into(), t.nothing_typed)),
            "typed" => {}
            _ => wrong.push((KIND.into(), t.unknown_kind)),
        }
        let cells: Vec<_> = self.week_rows(t).into_iter().flat_map(|row| row.cells).collect();
        let label_of = |input: &str| cells.iter().find(|cell| cell.input == input).map(|cell| cell.label.clone());
        let error = |(input, message): Wrong| InputError {
            label: label_of(&input).unwrap_or_else(|| label.to_owned()),
            input,
            message: message.to_owned(),
        };
        wrong.into_iter().map(error).collect()
    }

    /// Adds a suggestion if the API cannot parse the typed hours.
    pub(super) fn note_suggestion(&mut self, errors: &[FieldError], context: &HoursContext) {
        let is_typed = self.hours_kind() == "typed" && errors.iter().any(|error| error.field == "hours");
        self.suggestion = is_typed.then(|| suggest(self.value("hours"), context)).flatten();
    }

    /// Says what surprises about the hours that are chosen.
    pub fn hours_notes(&self, context: &HoursContext, t: &HoursTexts) -> Vec<&'static str> {
        notes_in_words(self.hours().as_deref(), false, context, t)
    }

    /// Applies the suggestion that the user chose; returns whether there was one.
    pub(super) fn take_suggestion(&mut self) -> bool {
        let Some(hours) = self.values.remove("use_hours") else { return false };
        self.values.insert("hours".into(), hours);
        self.values.insert(KIND.into(), "typed".into());
        true
    }

    /// Reads the weekly table, leaving out invalid cells.
    fn week(&self, wrong: &mut Vec<Wrong>, t: Option<&HoursTexts>) -> Week {
        let days = std::array::from_fn(|day| ROWS.get(day).map_or_else(Vec::new, |row| self.spans(row, wrong, t)));
        let holidays = match self.holidays() {
            "usual" => Holidays::Usual,
            "own" => Holidays::Own(self.spans("ph", wrong, t)),
            _ => Holidays::Own(Vec::new()),
        };
        Week { days, holidays }
    }

    fn spans(&self, row: &str, wrong: &mut Vec<Wrong>, t: Option<&HoursTexts>) -> Vec<Span> {
        let mut spans = Vec::new();
        for (from, to) in PAIRS.map(|(from, to)| (cell(row, from), cell(row, to))) {
            match span(self.value(&from), self.value(&to), row == "ph") {
                Ok(span) => spans.extend(span),
                Err(found) => {
                    let input = if found.is_beginning() { from } else { to };
                    wrong.extend(t.map(|t| (input, found.text(t))));
                }
            }
        }
        spans.sort_unstable();
        spans.dedup();
        spans
    }
}

/// A validation error of a pair of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CellError {
    NoFrom,
    NoTo,
    FromIsNoTime,
    ToIsNoTime,
    TooLate,
    Same,
    OvernightHoliday,
}

impl CellError {
    fn is_beginning(self) -> bool {
        matches!(self, Self::NoFrom | Self::FromIsNoTime | Self::TooLate)
    }

    fn text(self, t: &HoursTexts) -> &'static str {
        match self {
            Self::NoFrom => t.no_from,
            Self::NoTo => t.no_to,
            Self::FromIsNoTime | Self::ToIsNoTime => t.no_time,
            Self::TooLate => t.too_late,
            Self::Same => t.same_time,
            Self::OvernightHoliday => t.overnight_holiday,
        }
    }
}

fn span(from: &str, to: &str, is_holiday: bool) -> Result<Option<Span>, CellError> {
    let (from, to) = match (from.trim(), to.trim()) {
        ("", "") => return Ok(None),
        ("", _) => return Err(CellError::NoFrom),
        (_, "") => return Err(CellError::NoTo),
        cells => cells,
    };
    let from = read_clock(from).ok_or(CellError::FromIsNoTime)?;
    // An end of 0:00 means midnight at the end of the day.
    let to = match read_clock(to).ok_or(CellError::ToIsNoTime)? {
        0 => DAY,
        to => to,
    };
    if from >= DAY {
        return Err(CellError::TooLate);
    }
    if from == to {
        return Err(CellError::Same);
    }
    let span = Span { from, to };
    if is_holiday && span.is_overnight() {
        return Err(CellError::OvernightHoliday);
    }
    Ok(Some(span))
}

fn cell(row: &str, name: &str) -> String {
    format!("week.{row}.{name}")
}

/// Returns whether the weekly table can represent these hours.
fn fits(week: &Week) -> bool {
    let own: &[Span] = if let Holidays::Own(own) = &week.holidays { own } else { &[] };
    let mut rows = week.days.iter().map(Vec::as_slice).chain([own]);
    rows.all(|spans| spans.len() <= PAIRS.len()) && week.to_expression() != "off"
}

/// Returns the hours that a new weekly table starts with.
fn office_hours() -> Week {
    let hours = Span { from: 9 * 60, to: 17 * 60 };
    let day = |day: usize| if day < WEEKDAYS { vec![hours] } else { Vec::new() };
    Week { days: std::array::from_fn(day), holidays: Holidays::Own(Vec::new()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::i18n::texts;
    use crate::lang::Lang;
    use crate::routing::named::{Schedule, Shared};
    use crate::routing::route::{RouteContext, RouteDraft};

    fn form(inputs: &[(&str, &str)]) -> RouteForm {
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        RouteForm::read(&inputs.collect())
    }

    fn week(inputs: &[(&str, &str)]) -> RouteForm {
        form(&[inputs, &[("hours.kind", "week")]].concat())
    }

    fn wrong(form: &RouteForm) -> Vec<(String, String)> {
        let errors = form.hours_errors(&texts(Lang::En).hours, "Hours");
        errors.into_iter().map(|error| (error.input, error.message)).collect()
    }

    fn of(hours: Option<&str>) -> RouteForm {
        let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        let route = json!({"name": "x", "hours": hours, "reply": {"action": "hangup"}});
        let office = Schedule { name: "Büro".into(), hours: None, closed: Vec::new() };
        let context = RouteContext::new(&context, &Shared { schedules: vec![office], ..Shared::default() });
        RouteForm::of(&RouteDraft::from_json(&route, &context).unwrap().into_route(1, 1, 1))
    }

    #[test]
    fn a_schedule_is_chosen_with_whether_it_is_open() {
        for (hours, name, is_while_closed) in [("@Büro", "@büro", false), ("not@büro", "not @büro", true)] {
            let form = of(Some(hours));
            assert_eq!((form.hours_kind(), form.is_while_closed()), ("schedule", is_while_closed));
            assert!(form.has_schedule("BÜRO") && !form.has_schedule("Buero"));
            assert_eq!(form.hours().as_deref(), Some(name));
        }
        let none = form(&[("hours.kind", "schedule"), ("hours.schedule", "")]);
        assert_eq!(wrong(&none), [("hours.schedule".to_owned(), "Missing: which schedule?".to_owned())]);
    }

    #[test]
    fn the_table_says_an_expression() {
        let nine = [("week.mo.from", "9"), ("week.mo.to", "17:30"), ("week.tu.from", "0900"), ("week.tu.to", "17.30")];
        for (inputs, hours) in [
            (nine.as_slice(), "Mo,Tu 09:00-17:30; PH off"),
            (&[("week.fr.from", "22"), ("week.fr.to", "6"), ("week.holidays", "usual")], "Fr 22:00-06:00"),
            (&[("week.sa.from2", "14:00"), ("week.sa.to2", "0"), ("week.holidays", "usual")], "Sa 14:00-24:00"),
            (
                &[("week.sa.from", "14"), ("week.sa.to", "16"), ("week.sa.from2", "9"), ("week.sa.to2", "12")],
                "Sa 09:00-12:00,14:00-16:00; PH off",
            ),
            (&[("week.holidays", "own"), ("week.ph.from", "10"), ("week.ph.to", "12")], "PH 10:00-12:00"),
        ] {
            let form = week(inputs);
            assert_eq!(wrong(&form), [], "{inputs:?}");
            assert_eq!(form.hours().as_deref(), Some(hours));
        }
    }

    #[test]
    fn a_route_is_shown_in_the_table_if_it_fits_and_says_the_same_again() {
        for (hours, kind) in [
            (None, "always"),
            (Some("Mo-Fr 09:00-17:00; PH off"), "week"),
            (Some("Mo-Fr 09:00-12:00,13:00-17:00"), "week"),
            (Some("Mo-Fr 22:00-06:00"), "week"),
            (Some("PH 10:00-12:00; Mo 9:00-10:00"), "typed"),
            (Some("Mo-Fr 9:00-17:00;PH off"), "week"),
            (Some("24/7"), "week"),
            (Some("off"), "typed"),
            (Some("Mo 08:00-09:00,10:00-11:00,12:00-13:00"), "typed"),
            (Some("Mo-Fr 09:00-17:00; Dec 24 off"), "typed"),
        ] {
            let form = of(hours);
            assert_eq!(form.hours_kind(), kind, "{hours:?}");
            assert_eq!(form.hours().as_deref(), hours);
        }
        let form = of(Some("Mo-Fr 09:00-12:00,13:00-17:00; PH 10:00-11:00"));
        assert_eq!(
            (form.value("week.fr.from2"), form.value("week.fr.to2"), form.value("week.sa.from")),
            ("13:00", "17:00", "")
        );
        assert_eq!((form.holidays(), form.value("week.ph.from")), ("own", "10:00"));
    }

    #[test]
    fn a_changed_table_wins_over_what_was_typed_before() {
        let mut form = of(Some("Mo-Fr 9:00-17:00;PH off"));
        form.values.insert("week.fr.to".into(), "15".into());
        assert_eq!(form.hours().as_deref(), Some("Mo-Th 09:00-17:00; Fr 09:00-15:00; PH off"));
    }

    #[test]
    fn every_wrong_cell_is_told_where_it_is() {
        let t = &texts(Lang::En).hours;
        let form = week(&[
            ("week.mo.to", "17"),
            ("week.tu.from", "9"),
            ("week.we.from", "nine"),
            ("week.we.to", "17"),
            ("week.th.from", "9"),
            ("week.th.to", "25"),
            ("week.fr.from", "9"),
            ("week.fr.to", "09:00"),
            ("week.sa.from", "24"),
            ("week.sa.to", "5"),
            ("week.holidays", "own"),
            ("week.ph.from", "22"),
            ("week.ph.to", "6"),
        ]);
        let expected = [
            ("week.mo.from", t.no_from),
            ("week.tu.to", t.no_to),
            ("week.we.from", t.no_time),
            ("week.th.to", t.no_time),
            ("week.fr.to", t.same_time),
            ("week.sa.from", t.too_late),
            ("week.ph.to", t.overnight_holiday),
        ];
        assert_eq!(wrong(&form), expected.map(|(input, text)| (input.to_owned(), text.to_owned())));
        let labels: Vec<_> = form.hours_errors(t, "Hours").into_iter().map(|error| error.label).collect();
        assert_eq!(&labels[..2], ["Monday from", "Tuesday to"]);
        assert_eq!(wrong(&week(&[])), [("week".to_owned(), t.never_open.to_owned())]);
        assert_eq!(wrong(&super::RouteForm::read(&vec![("hours.kind".into(), "typed".into())]))[0].0, "hours");
        assert_eq!(wrong(&super::RouteForm::read(&vec![("hours.kind".into(), "x".into())]))[0].0, "hours.kind");
    }
}
