//! The texts of all problems, and those of routes, replies and pasted lists as somebody gets them.

use serde_json::{Value, json};

use super::*;
use crate::calls::phone::Numbering;
use crate::placetel::reply::Reply;
use crate::routing::hours::HoursContext;
use crate::routing::hours::error::HoursError;
use crate::routing::key::Key;
use crate::routing::named::Shared;
use crate::routing::paste::read_lines;
use crate::routing::problem::RouteProblem;
use crate::routing::route::{RouteContext, RouteDraft};

fn check(problem: impl Into<Problem>, en: &str, de: &str) {
    let problem = problem.into();
    assert_eq!((text(&problem, En).as_str(), text(&problem, De).as_str()), (en, de), "{problem:?}");
}

#[test]
fn what_is_wrong_with_a_field_is_told_in_both_languages() {
    check(Problem::Missing, "is missing", "fehlt");
    check(Problem::Unknown(vec!["a", "b"]), "is unknown; known are a, b", "ist unbekannt; bekannt sind a, b");
    check(Problem::NotObject, "must be an object: {…}", "muss ein Objekt sein: {…}");
    check(Problem::NotList, "must be a list: […]", "muss eine Liste sein: […]");
    check(Problem::NotText, "must be a text in quotes", "muss ein Text in Anführungszeichen sein");
    check(
        Problem::NotId,
        "must be an id: a text or a whole number",
        "muss eine Kennung sein: ein Text oder eine ganze Zahl",
    );
    check(Problem::NotFlag, "must be true or false", "muss true oder false sein");
    check(
        Problem::NotWhole(i64::MIN, i64::MAX),
        "must be a whole number (64 bits)",
        "muss eine ganze Zahl sein (64 Bit)",
    );
    check(Problem::NotWhole(10, 60), "must be a whole number from 10 to 60", "muss eine ganze Zahl von 10 bis 60 sein");
    check(Problem::NotOneOf(vec!["a", "b"]), "must be one of a, b", "muss eines von diesen sein: a, b");
    check(Problem::Length(64), "must be 1 to 64 characters long", "muss 1 bis 64 Zeichen lang sein");
    check(Problem::Control, "must not contain control characters", "darf keine Steuerzeichen enthalten");
    check(Problem::Items(0, 7), "must have at most 7 items", "darf höchstens 7 Einträge haben");
    check(Problem::Items(1, 7), "must have 1 to 7 items", "muss 1 bis 7 Einträge haben");
    check(
        Problem::StarInside,
        "may have * at the end only: 0221* stands for all numbers that begin so",
        "darf * nur am Ende haben: 0221* steht für alle Nummern, die so beginnen",
    );
    check(
        Problem::NotPhoneNumber,
        "must be a valid telephone number, like 0221 29191999 or +49 221 29191999",
        "muss eine gültige Telefonnummer sein, wie 0221 29191999 oder +49 221 29191999",
    );
}

#[test]
fn what_is_wrong_with_routes_is_told_in_both_languages() {
    let key = || Key::parse("VIP").unwrap();
    check(
        RouteProblem::Name,
        "must be a name of 1 to 60 letters, digits, - or _",
        "muss ein Name aus 1 bis 60 Buchstaben, Ziffern, - oder _ sein",
    );
    check(RouteProblem::OtherName("x".into()), "must be x as in the address", "muss x sein wie in der Adresse");
    check(
        RouteProblem::UnknownList(key()),
        "names the list @vip, which does not exist",
        "nennt die Liste @vip, die es nicht gibt",
    );
    check(
        RouteProblem::UnknownSchedule(key()),
        "names the schedule @vip, which does not exist",
        "nennt den Zeitplan @vip, den es nicht gibt",
    );
    check(RouteProblem::NestedList, "must not name another list", "darf keine andere Liste nennen");
    check(
        RouteProblem::NotNumber,
        "is no number: right are, for example, 0221 29191999, +49221*, 23, anonymous",
        "ist keine Nummer: richtig sind zum Beispiel 0221 29191999, +49221*, 23, anonymous",
    );
    check(RouteProblem::NotClosingDay, "must be a day like 2026-12-24", "muss ein Tag wie 2026-12-24 sein");
    check(
        RouteProblem::EndsBeforeFirstDay("2026-12-24".parse().unwrap()),
        "is before the first day, 2026-12-24",
        "liegt vor dem ersten Tag, 2026-12-24",
    );
    check(
        RouteProblem::NotClosedUntil,
        "must be an instant by RFC 3339, such as 2026-11-24T07:00:00Z",
        "muss ein Zeitpunkt nach RFC 3339 sein, etwa 2026-11-24T07:00:00Z",
    );
    check(RouteProblem::ClosedUntilPast, "must be in the future", "muss in der Zukunft liegen");
    check(RouteProblem::ClosedTooLong, "must be within 366 days", "darf höchstens 366 Tage entfernt sein");
    check(
        RouteProblem::DuplicateId,
        "stands with an earlier route already: every route has one of its own",
        "steht schon bei einer früheren Route: jede Route hat ihre eigene",
    );
    check(
        RouteProblem::NotCallTime,
        "must be an instant by RFC 3339, for example 2026-11-23T09:30:00Z",
        "muss ein Zeitpunkt nach RFC 3339 sein, etwa 2026-11-23T09:30:00Z",
    );
    check(RouteProblem::NotReplayDay, "must be a day such as 2026-11-23", "muss ein Tag wie 2026-11-23 sein");
    check(RouteProblem::ReplayEndsBeforeStart, "lies before start", "liegt vor start");
    check(RouteProblem::ReplayTooLong, "lies more than two years after start", "liegt mehr als zwei Jahre nach start");
}

#[test]
fn why_hours_cannot_be_used_is_told_in_both_languages() {
    let syntax = |suggestion| HoursError::Syntax { character: 7, rest: "9-\"17".into(), suggestion };
    check(
        HoursError::TooLong,
        "is too long: at most 1000 characters and 5 dates like \"Jan Mo[1]\" in a list",
        "ist zu lang: höchstens 1000 Zeichen und 5 Angaben wie „Jan Mo[1]“ in einer Liste",
    );
    check(
        syntax(None),
        "is not opening hours from character 7 on (\"9-\\\"17\"); right is, for example, \"Mo-Fr 09:00-17:00; PH off\"",
        "ist ab dem 7. Zeichen („9-\"17“) keine Öffnungszeit; richtig ist zum Beispiel Mo-Fr 09:00-17:00; PH off",
    );
    check(
        syntax(Some("Mo-Fr".into())),
        "is not opening hours from character 7 on (\"9-\\\"17\"); probably meant is \"Mo-Fr\"",
        "ist ab dem 7. Zeichen („9-\"17“) keine Öffnungszeit; vermutlich gemeint: Mo-Fr",
    );
    check(
        HoursError::Senseless("so".into()),
        "is not usable as opening hours: so",
        "ist als Öffnungszeit nicht brauchbar: so",
    );
    check(
        HoursError::Sun,
        "is dawn, sunrise, sunset and dusk are not supported: write times, for example 08:00-18:00",
        "kann dawn, sunrise, sunset und dusk nicht enthalten: bitte Uhrzeiten wie 08:00-18:00 angeben",
    );
    check(
        HoursError::NoHolidays("PH"),
        "is no PH holidays are known for the country of the setting --country: leave PH out",
        "kann PH nicht enthalten: für das Land der Einstellung --country sind keine bekannt",
    );
    let setting = HoursError::NoHolidays("SH").to_string();
    assert_eq!(setting, "no SH holidays are known for the country of the setting --country: leave SH out");
}

#[test]
fn names_that_are_gone_are_listed() {
    let references = References::of(&["@b".into(), "23".into()], &["@A".into()], Some("not @office"));
    assert_eq!(
        missing(&references, En),
        "uses what does not exist (any more): list @a, list @b, schedule @office; make it again first"
    );
    assert_eq!(
        missing(&references, De),
        "benutzt, was es nicht (mehr) gibt: Liste @a, Liste @b, Zeitplan @office. Bitte erst wieder anlegen."
    );
}

fn of_route(route: &Value, lang: Lang) -> Vec<String> {
    let hours = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
    let errors = RouteDraft::from_json(route, &RouteContext::new(&hours, &Shared::default())).unwrap_err();
    errors.iter().map(|error| format!("{} {}", error.field, text(&error.problem, lang))).collect()
}

#[test]
fn every_wrong_field_of_a_route_is_told() {
    let route = json!({"nmae": "x", "enabled": 1, "position": 1.5, "to": ["23", "0*1", 5, "\u{7}"], "from": "23",
        "hours": "Mo-Fr 9-17", "reply": {"action": "forward", "targets": [{"numbers": [""]}], "ringtime": 5}});
    assert_eq!(
        of_route(&route, En),
        [
            "nmae is unknown; known are name, enabled, position, to, from, hours, reply",
            "name is missing",
            "enabled must be true or false",
            "position must be a whole number (64 bits)",
            "to[1] may have * at the end only: 0221* stands for all numbers that begin so",
            "to[2] must be a text in quotes",
            "to[3] must not contain control characters",
            "from must be a list: […]",
            "hours is not opening hours from character 7 on (\"9-17\"); probably meant is \"Mo-Fr 09:00-17:00\"",
            "reply.ringtime is unknown; known are action, music_on_hold, voicemail, voicemail_announcement, \
             voicemail_as_attachment, forward_announcement, targets, distribution, last_peer",
            "reply.targets[0].numbers[0] must be 1 to 128 characters long",
        ]
    );
    assert_eq!(
        of_route(&json!({"reply": {"action": "sing"}, "hours": "sunrise-sunset"}), De),
        [
            "name fehlt",
            "hours kann dawn, sunrise, sunset und dusk nicht enthalten: bitte Uhrzeiten wie 08:00-18:00 angeben",
            "reply.action muss eines von diesen sein: forward, reject, hangup, queue, prompt, group, routing_plan",
        ]
    );
    let route = json!({"name": "x", "to": ["@vip", "@"], "from": ["@a b"], "hours": "not @ferien",
        "reply": {"action": "hangup"}});
    assert_eq!(
        of_route(&route, En),
        [
            "to[0] names the list @vip, which does not exist",
            "to[1] must be a name of 1 to 60 letters, digits, - or _",
            "from[0] must be a name of 1 to 60 letters, digits, - or _",
            "hours names the schedule @ferien, which does not exist",
        ]
    );
    assert_eq!(of_route(&json!([]), En), [" must be an object: {…}"]);
}

#[test]
fn logs_name_every_wrong_field_of_a_reply() {
    let wrong =
        |value: &Value| Reply::from_json(value).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
    let reply = json!({"action": "forward", "musik": 1, "voicemail": "yes", "voicemail_announcement": "",
        "targets": [{"ringtime": 0, "numbers": ["23", "a\nb", 5, " "]}, {"ringtime": 3601, "numbers": []}, {}, 7]});
    assert_eq!(
        wrong(&reply),
        [
            "musik: is unknown; known are action, music_on_hold, voicemail, voicemail_announcement, \
             voicemail_as_attachment, forward_announcement, targets, distribution, last_peer",
            "voicemail: must be true or false",
            "voicemail_announcement: must be 1 to 64 characters long",
            "targets[0].ringtime: must be a whole number from 1 to 3600",
            "targets[0].numbers[1]: must not contain control characters",
            "targets[0].numbers[2]: must be a text in quotes",
            "targets[0].numbers[3]: must be 1 to 128 characters long",
            "targets[1].ringtime: must be a whole number from 1 to 3600",
            "targets[1].numbers: must have 1 to 100 items",
            "targets[2].numbers: is missing",
            "targets[3]: must be an object: {…}",
        ]
    );
    let known = "action: must be one of forward, reject, hangup, queue, prompt, group, routing_plan";
    assert_eq!(wrong(&json!({"action": "foward"})), [known]);
    assert_eq!(wrong(&json!([])), [": must be an object: {…}"]);
    let error = serde_json::from_str::<Reply>(r#"{"action": "queue", "nr": 1}"#).unwrap_err();
    assert_eq!(error.to_string(), "nr: is unknown; known are action, id; id: is missing");
}

#[test]
fn a_pasted_line_without_a_number_is_told() {
    let pasted = read_lines("0221 29191999\nhello world\n;x\n0*2\n@vip\nanna\n", &Numbering::new("DE").unwrap());
    let wrong: Vec<_> = pasted.wrong.iter().map(|(line, problem)| (*line, text(problem, En))).collect();
    let no_number = "is no number: right are, for example, 0221 29191999, +49221*, 23, anonymous";
    assert_eq!(
        wrong,
        [
            (2, no_number.to_owned()),
            (3, "is missing".to_owned()),
            (4, "may have * at the end only: 0221* stands for all numbers that begin so".to_owned()),
            (5, "must not name another list".to_owned()),
            (6, no_number.to_owned()),
        ]
    );
}
