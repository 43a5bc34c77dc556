use super::*;

fn flag_of(settings: Settings) -> String {
    settings.resolve().unwrap_err().setting.trim_start_matches('-').to_owned()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn nothing_set_gives_the_defaults() {
    let config = Settings::default().resolve().unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.time_zone, chrono_tz::Europe::Berlin);
    assert_eq!((config.hangup_timeout.as_secs(), config.service_level_seconds), (14_400, 20));
    assert_eq!((config.no_route, config.answer_within.as_millis()), (NoRoute::Empty, 250));
    assert!(!config.is_guarded() && config.agent_figures);
}

#[test]
fn figures_by_agent_are_switched_off_by_one_word() {
    let is_on = |word| Settings { agent_figures: some(word), ..Settings::default() }.resolve().unwrap().agent_figures;
    assert!(is_on("on"));
    assert!(!is_on("off") && !is_on("OFF"));
}

#[test]
fn the_state_is_remembered_with_its_country() {
    let config = Settings { country: some("DE-NW"), ..Settings::default() }.resolve().unwrap();
    assert!(config.remembered().contains(&("country", "DE-NW".to_owned())));
}

#[test]
fn an_unusable_value_names_its_flag() {
    let d = Settings::default;
    assert_eq!(flag_of(Settings { listen: some("nowhere"), ..d() }), "listen");
    assert_eq!(flag_of(Settings { listen: some("0.0.0.0:8080"), ..d() }), "listen");
    assert_eq!(flag_of(Settings { time_zone: some("Mars/Base"), ..d() }), "time-zone");
    assert_eq!(flag_of(Settings { country: some("XX"), ..d() }), "country");
    assert_eq!(flag_of(Settings { country: some("DE-XX"), ..d() }), "country");
    assert_eq!(flag_of(Settings { placetel_secret: some("a,,b"), ..d() }), "placetel-secret");
    assert_eq!(flag_of(Settings { placetel_secret: some(""), ..d() }), "placetel-secret");
    assert_eq!(flag_of(Settings { placetel_basic: some("nopassword"), ..d() }), "placetel-basic");
    assert_eq!(flag_of(Settings { no_route: some("maybe"), ..d() }), "no-route");
    assert_eq!(flag_of(Settings { hangup_timeout: some("soon"), ..d() }), "hangup-timeout");
    assert_eq!(flag_of(Settings { hangup_timeout: some("0s"), ..d() }), "hangup-timeout");
    assert!(Settings { hangup_timeout: some("366d"), ..d() }.resolve().is_ok());
    assert_eq!(flag_of(Settings { hangup_timeout: some("366d 1s"), ..d() }), "hangup-timeout");
    assert_eq!(flag_of(Settings { service_level: some("1500ms"), ..d() }), "service-level");
    assert_eq!(flag_of(Settings { business_hours: some("Mon-Fri 9-17"), ..d() }), "business-hours");
    assert_eq!(flag_of(Settings { agent_figures: some("false"), ..d() }), "agent-figures");
    assert_eq!(flag_of(Settings { agent_figures: some(""), ..d() }), "agent-figures");
    assert_eq!(flag_of(Settings { log_format: some("xml"), ..d() }), "log-format");
    assert_eq!(flag_of(Settings { config: Some("/does/not/exist".into()), ..d() }), "config");
}

#[test]
fn a_state_alone_is_not_taken_for_the_country_of_that_code() {
    let country = |country: &str, zone: Option<&str>| {
        Settings { country: some(country), time_zone: zone.map(Into::into), ..Settings::default() }.resolve()
    };
    let error = country("BY", None).unwrap_err();
    assert!(error.setting == "--country" && error.reason.contains("DE-BY"), "{error}");
    assert!(country("DE-BY", None).is_ok());
    assert!(country("AT", None).is_ok());
    assert_eq!(country("BE", Some("Europe/Brussels")).unwrap().country, "BE");
}

#[test]
fn a_public_address_wants_a_guard_or_a_word() {
    let public = || Settings { listen: some("0.0.0.0:0"), ..Settings::default() };
    assert!(Settings { placetel_secret: some("s"), ..public() }.resolve().is_ok());
    assert!(Settings { placetel_basic: some("u:p:q"), ..public() }.resolve().is_ok());
    assert!(Settings { allow_unsigned: Some(true), ..public() }.resolve().is_ok());
}

#[test]
fn the_file_gives_way_and_unknown_names_are_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let with_file = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        Settings { config: Some(file.path().into()), service_level: some("10s"), ..Settings::default() }.resolve()
    };
    let config = with_file("service_level = \"30s\"\ncountry = \"AT\"\n").unwrap();
    assert_eq!((config.service_level_seconds, config.country.as_str()), (10, "AT"));
    let error = with_file("country = \"AT\"\nlissten = \"x\"\n").unwrap_err();
    assert_eq!(error.setting, "--config");
    assert!(error.reason.contains("line 2") && error.reason.contains("lissten"), "{error}");
}

#[test]
fn the_last_good_routes_lie_beside_the_database() {
    for (url, path, name) in [
        ("sqlite:fernamt.db", "fernamt-routes.json", "sqlite:fernamt.db"),
        (
            "sqlite:///var/lib/a/calls.sqlite?mode=rwc",
            "/var/lib/a/calls-routes.json",
            "sqlite:///var/lib/a/calls.sqlite",
        ),
        ("postgres://u:p@ss@db:5432/calls?sslmode=require", "fernamt-routes.json", "db:5432/calls"),
    ] {
        let config = Settings { database_url: some(url), ..Settings::default() }.resolve().unwrap();
        assert_eq!((config.routes_path().to_str().unwrap(), config.database_name()), (path, name));
    }
    let config = Settings { routes_file: some("/x/y.json"), ..Settings::default() }.resolve().unwrap();
    assert_eq!(config.routes_path(), Path::new("/x/y.json"));
}

#[test]
fn secrets_do_not_show() {
    let config =
        Settings { placetel_secret: some("hunter2"), placetel_basic: some("u:hunter2"), ..Settings::default() };
    assert!(!format!("{:?}", config.resolve().unwrap()).contains("hunter2"));
}
