/// A value of a file, before a dialect writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// What somebody sent, or a word.
    Text(String),
    /// A telephone number as it is dialled or stored.
    Number(String),
    /// A count or whole seconds.
    Count(i64),
    /// A share or a mean.
    Decimal(f64),
    /// An instant, in milliseconds since 1970 UTC.
    Instant(i64),
    /// What is not known.
    Nothing,
}

impl Value {
    /// Returns what is inside, or nothing.
    pub(super) fn of<T>(inner: Option<T>, value: impl FnOnce(T) -> Self) -> Self {
        inner.map_or(Self::Nothing, value)
    }
}
