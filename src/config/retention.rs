use super::error::SettingError;
use crate::calls::forgetting::Retention;

/// Maximum retention, in days: a hundred years.
const MOST_DAYS: u32 = 36_500;

/// Parses both retention settings; the second needs the first, and must not be shorter.
pub(super) fn retention(numbers: Option<String>, events: Option<String>) -> Result<Retention, SettingError> {
    let days = |flag, text: Option<String>| text.map(|text| parse_days(flag, &text)).transpose();
    let numbers_days = days("forget-numbers-after", numbers)?;
    let events_days = days("delete-events-after", events)?;
    match (numbers_days, events_days) {
        (None, Some(_)) => Err(SettingError::new(
            "delete-events-after",
            "calls keep their numbers when their events go: set --forget-numbers-after, too",
        )),
        (Some(numbers), Some(events)) if events < numbers => Err(SettingError::new(
            "delete-events-after",
            format!("must not be less than the {numbers} days of --forget-numbers-after"),
        )),
        _ => Ok(Retention { numbers_days, events_days }),
    }
}

fn parse_days(flag: &'static str, text: &str) -> Result<u32, SettingError> {
    let days = text.trim().parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    days.ok_or_else(|| SettingError::new(flag, format!("`{text}` is no number of days from 1 to {MOST_DAYS}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(numbers: &str, events: &str) -> Result<Retention, String> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        retention(some(numbers), some(events)).map_err(|error| error.setting)
    }

    #[test]
    fn days_are_whole_and_events_go_last() {
        assert_eq!(read("", ""), Ok(Retention::default()));
        assert_eq!(read("90", ""), Ok(Retention { numbers_days: Some(90), events_days: None }));
        assert_eq!(read("90", "90"), Ok(Retention { numbers_days: Some(90), events_days: Some(90) }));
        assert_eq!(read("36500", ""), Ok(Retention { numbers_days: Some(36_500), events_days: None }));
        for numbers in ["0", "-1", "1.5", "90d", "36501", "99999999999"] {
            assert_eq!(read(numbers, ""), Err("--forget-numbers-after".into()), "{numbers}");
        }
        for (numbers, events) in [("", "90"), ("90", "89"), ("90", "soon")] {
            assert_eq!(read(numbers, events), Err("--delete-events-after".into()), "{numbers} {events}");
        }
    }
}
