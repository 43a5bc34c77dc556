/// The reason why a text cannot be used as opening hours. Its text is in `i18n`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// The text has too many characters, or too many dates like `Jan Mo[1]` in a row to be read in reasonable time.
    TooLong,
    /// The text has a syntax error.
    Syntax {
        /// The first character, counted from 1, that does not fit.
        character: usize,
        /// The text from there on, shortened.
        rest: String,
        /// What was probably meant; it can be used as it is.
        suggestion: Option<String>,
    },
    /// The syntax is valid, but has no usable meaning: a range that runs backwards, a time beyond 48:00.
    Senseless(String),
    /// The text names sunrise or sunset, which need a location: none is configured.
    Sun,
    /// The text names `PH` or `SH` where no such holidays are known: it would silently never match.
    NoHolidays(&'static str),
}
