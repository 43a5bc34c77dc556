use super::error::SettingError;

/// Returns the value of a setting that can also stand in a file of its own; `given` is the value and the file's path.
///
/// # Errors
/// When both are given, or the file cannot be read or is empty.
pub(super) fn either(flag: &'static str, given: [Option<String>; 2]) -> Result<Option<String>, SettingError> {
    match given {
        [Some(_), Some(_)] => Err(SettingError::new(flag, format!("give either --{flag} or --{flag}-file, not both"))),
        [value, None] => Ok(value),
        [None, Some(path)] => {
            let wrong = |reason: String| SettingError::new(flag, format!("--{flag}-file {path}: {reason}"));
            let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
            // Editors and `echo` end the line.
            let value = text.trim_end_matches(['\r', '\n']);
            if value.trim().is_empty() { Err(wrong("the file is empty".into())) } else { Ok(Some(value.to_owned())) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_stands_in_the_setting_or_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = || Some(file.path().to_str().unwrap().to_owned());
        std::fs::write(file.path(), "one,two\r\n").unwrap();
        assert_eq!(either("placetel-secret", [None, path()]).unwrap().as_deref(), Some("one,two"));
        assert_eq!(either("placetel-secret", [Some("x".into()), None]).unwrap().as_deref(), Some("x"));
        assert_eq!(either("placetel-secret", [None, None]).unwrap(), None);
        let both = either("placetel-secret", [Some("x".into()), path()]).unwrap_err();
        assert!(both.reason.contains("not both"), "{both}");
        std::fs::write(file.path(), "\n").unwrap();
        assert!(either("placetel-secret", [None, path()]).unwrap_err().reason.contains("is empty"));
        let missing = either("placetel-secret", [None, Some("/does/not/exist".into())]).unwrap_err();
        assert!(missing.reason.contains("/does/not/exist"), "{missing}");
    }
}
