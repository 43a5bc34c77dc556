use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use clap::ValueEnum;

use super::error::SettingError;
use super::secret::Secret;

/// Parses an address to listen on; of a name that stands for several, the first.
pub(super) fn parse_address(text: &str) -> Result<SocketAddr, SettingError> {
    let wrong = || SettingError::new("listen", format!("`{text}` is no address; expected one like 127.0.0.1:8080"));
    let mut addresses = text.to_socket_addrs().map_err(|_| wrong())?;
    addresses.next().ok_or_else(wrong)
}

/// Parses a comma-separated list of secrets.
pub(super) fn parse_secrets(text: &str) -> Result<Vec<Secret>, SettingError> {
    let secrets: Vec<_> = text.split(',').map(|secret| Secret(secret.trim().to_owned())).collect();
    if secrets.iter().any(|secret| secret.0.is_empty()) {
        return Err(SettingError::new("placetel-secret", "one of the secrets is empty"));
    }
    Ok(secrets)
}

/// Parses `user:password`.
pub(super) fn parse_basic(text: String) -> Result<Secret, SettingError> {
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => Ok(Secret(text)),
        _ => Err(SettingError::new("placetel-basic", "expected user:password")),
    }
}

/// Parses one of several words, in upper or lower case.
pub(super) fn parse_choice<T: ValueEnum>(flag: &'static str, word: &str) -> Result<T, SettingError> {
    T::from_str(word, true).map_err(|_| {
        let known: Vec<_> = T::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
        let known: Vec<_> = known.iter().map(|value| value.get_name()).collect();
        SettingError::new(flag, format!("`{word}` is none of {}", known.join(", ")))
    })
}

/// Parses a duration of at most a year, such as `250ms` or `4h`.
pub(super) fn parse_duration(flag: &'static str, text: &str) -> Result<Duration, SettingError> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| SettingError::new(flag, format!("`{text}` is no duration like 250ms, 20s or 4h: {error}")))?;
    // Longer durations are typing errors, and sums of instants must not overflow.
    let is_usable = !duration.is_zero() && duration <= Duration::from_secs(366 * 24 * 3600);
    is_usable.then_some(duration).ok_or_else(|| SettingError::new(flag, "must be more than zero and at most a year"))
}

/// Parses a duration of whole seconds.
pub(super) fn parse_seconds(flag: &'static str, text: &str) -> Result<u32, SettingError> {
    let duration = parse_duration(flag, text)?;
    let whole = duration.subsec_nanos() == 0;
    let seconds = u32::try_from(duration.as_secs()).ok().filter(|_| whole);
    seconds.ok_or_else(|| SettingError::new(flag, "must be whole seconds"))
}
