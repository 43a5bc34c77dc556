//! Tests of the call log and the page of one call as people see them, and of the log as a file of any size.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;

use serde_json::json;

use crate::client::read_some;
use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, accepted, form, hung_up, incoming, log_line, times};

fn html(app: &impl Answers, path: &str, lang: &str) -> String {
    let request = app.request("GET", path).header("Accept", "text/html").header("Accept-Language", lang);
    let answer = request.send();
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.text().to_owned()
}

/// The calls on a page, in order.
fn listed(page: &str) -> Vec<String> {
    let links = page.split("<td class=\"when\"><a href=\"/calls/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// Where the link with this `rel` leads.
fn link(page: &str, rel: &str) -> Option<String> {
    let href = page.split(&format!("rel=\"{rel}\" href=\"")).nth(1)?.split('"').next()?;
    Some(href.replace("&#38;", "&"))
}

/// Calls of one day, the newest is `call-0`.
fn many(count: usize) -> TestApp {
    let app = TestApp::start();
    let lines: String = (0..count)
        .map(|number| {
            let seconds = (count - number) / 3;
            let at = format!("2026-11-20T{:02}:{:02}:{:02}.000Z", 8 + seconds / 3600, seconds / 60 % 60, seconds % 60);
            log_line(&at, &incoming(&format!("call-{number:03}"), CALLER, LINE))
        })
        .collect();
    app.database.import(&lines, &[]);
    app
}

#[test]
fn the_log_is_paged_both_ways_without_gaps_or_repetitions() {
    let app = many(140);
    let day = "start=2026-11-20&end=2026-11-20&direction=in";
    let first = html(&app, &format!("/calls?{day}"), "de");
    let (mut pages, mut page) = (vec![listed(&first)], first);
    assert_eq!(link(&page, "prev"), None);
    while let Some(next) = link(&page, "next") {
        assert!(next.contains("direction=in"), "the filter goes along: {next}");
        page = html(&app, &next, "de");
        pages.push(listed(&page));
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 40]);
    assert_eq!(pages.concat().iter().collect::<BTreeSet<_>>().len(), 140);
    // Of calls that began at once, any may come first.
    let seconds: Vec<_> = pages.concat().iter().map(|id| (140 - id[5..].parse::<usize>().unwrap()) / 3).collect();
    assert!(seconds.iter().rev().is_sorted(), "newest first: {seconds:?}");
    // Back again.
    page = html(&app, &link(&page, "prev").unwrap(), "de");
    assert_eq!(listed(&page), pages[1]);
    let newest = html(&app, &link(&page, "prev").unwrap(), "en");
    assert_eq!((listed(&newest), link(&newest, "prev")), (pages[0].clone(), None));
    let nonsense = html(&app, &format!("/calls?{day}&newer=zz"), "en");
    assert!(nonsense.contains("newest calls") && listed(&nonsense) == pages[0], "{nonsense}");
}

#[test]
fn a_number_is_found_however_it_is_written() {
    let app = TestApp::start();
    for (id, from) in [("a", "022199988560"), ("b", "+492219998857"), ("c", "0049221 9998 859"), ("d", "03023125000")] {
        app.post_event(incoming(id, from, "23")).xml();
    }
    for written in
        ["0221", "+49 221", "0049221", "0221/9998", "(0221) 99-98", "+49 (0)221.999", "2219998", "0049 (221) 9998"]
    {
        let page = html(&app, &format!("/calls?{}", form(&[("q", written)])), "de");
        let found: BTreeSet<_> = listed(&page).into_iter().collect();
        assert_eq!(found, ["a", "b", "c"].map(str::to_owned).into(), "{written}");
    }
    let one = html(&app, &format!("/calls?{}", form(&[("party", "+49 221 / 9998-8560")])), "de");
    assert_eq!(listed(&one), ["a"]);
}

#[test]
fn an_empty_list_says_which_filter_hides_the_calls() {
    let app = TestApp::start();
    for lang in ["de", "en"] {
        assert!(html(&app, "/calls", lang).contains("href=\"/\""), "nothing at all leads to how to connect");
    }
    let day = |ago: u64| (chrono::Utc::now() - chrono::Days::new(ago)).format("%Y-%m-%d").to_string();
    let at = format!("{}T11:00:00.000Z", day(40));
    let log = [incoming("c1", CALLER, LINE), accepted("c1", "anna"), hung_up("c1", "accepted", 9)];
    let log: String = log.iter().map(|body| log_line(&at, body)).collect();
    app.database.import(&log, &[]);
    let then = format!("start={0}&#38;end={0}", day(40));
    // The period alone.
    let page = html(&app, "/calls?period=7d&peer=anna", "de");
    assert!(page.contains(&format!("/calls?peer=anna&#38;{then}")) && page.contains("Diesen Tag zeigen"), "{page}");
    // A filter alone: without it there are calls.
    let period = format!("start={0}&end={0}", day(40));
    let page = html(&app, &format!("/calls?{period}&peer=anna&outcome=missed"), "de");
    assert!(page.contains("Ohne „Ergebnis: Verpasst“ gibt es welche"), "{page}");
    assert!(!page.contains("Ohne „Person"), "{page}");
    assert!(page.contains(&format!("href=\"/calls?{}&#38;peer=anna\"", period.replace('&', "&#38;"))), "{page}");
    // Both together.
    let page = html(&app, &format!("/calls?{period}&peer=bert&outcome=missed"), "en");
    assert!(page.contains("only together they do"), "{page}");
    // A search looks no further by itself.
    let page = html(&app, "/calls?period=today&q=anna", "en");
    assert!(page.contains("Search the last twelve months"), "{page}");
    let longer = page.split("Only this period was searched.").nth(1).unwrap().split("href=\"").nth(1).unwrap();
    assert_eq!(listed(&html(&app, &longer.split('"').next().unwrap().replace("&#38;", "&"), "en")), ["c1"]);
}

#[test]
fn a_call_is_shown_as_its_course_its_decision_and_its_neighbours() {
    let app = TestApp::start();
    let route = json!({"name": "Büro <1>", "reply": {"action": "forward",
        "targets": [{"ringtime": 30, "numbers": ["7777anna@fpbx.de", "022129191900"]}]}});
    let id = app.create_route(&route).json()["id"].clone();
    for number in 0..13 {
        app.post_event(incoming(&format!("c{number}"), CALLER, LINE)).xml();
    }
    let decided = html(&app, "/calls/c3", "en");
    let lines = "&#60;Response&#62;\n  &#60;Forward voicemail=&#34;true&#34;&#62;\n    &#60;Target ringtime=&#34;30&#34;&#62;\n      \
        &#60;Number&#62;7777anna@fpbx.de&#60;/Number&#62;";
    let spaced: Vec<_> = decided.lines().filter(|line| line.contains("&#60;Number&#62;")).collect();
    assert!(spaced.len() == 2 && spaced[0].starts_with("      "), "indented as {lines}: {decided}");
    assert!(decided.contains(&format!("<a href=\"/routes/{id}\">Büro &#60;1&#62;</a>")), "{decided}");
    assert!(decided.contains("<details class=\"card raw\">") && !decided.contains("<details class=\"card raw\" open"));
    let others = listed(&decided);
    assert_eq!((others.len(), others.contains(&"c3".to_owned())), (10, false));
    assert!(decided.contains("/calls?party=%2B493023125000&#38;period=year"));
    let log = [
        ("2026-11-20T08:00:00.000Z", incoming("talk", "01712345678", LINE)),
        ("2026-11-20T08:00:15.000Z", accepted("talk", "anna")),
        ("2026-11-20T08:01:00.000Z", hung_up("talk", "accepted", 45)),
        ("2026-11-20T09:00:00.000Z", incoming("mailbox", "anonymous", LINE)),
        ("2026-11-20T09:00:30.000Z", hung_up("mailbox", "voicemail", 0)),
    ];
    app.database.import(&log.iter().map(|(at, body)| log_line(at, body)).collect::<String>(), &[]);
    let talk = html(&app, "/calls/talk", "de");
    for part in [
        "<rect class=\"ringing\" x=\"0%\" width=\"25%\"",
        "<rect class=\"talking\" x=\"25%\" width=\"75%\"",
        "aria-label=\"Klingeln: 15 s, Gespräch: 45 s\"",
        "<span>09:00:00</span><span>09:01:00</span>",
        "Es ist der einzige mit dieser Nummer.",
    ] {
        assert!(talk.contains(part), "{part}: {talk}");
    }
    let mailbox = html(&app, "/calls/mailbox", "en");
    assert!(mailbox.contains("<rect class=\"voicemail\" x=\"0%\" width=\"100%\""), "{mailbox}");
    assert!(
        mailbox.contains("Ringing and voicemail") && !mailbox.contains("Other calls with this number"),
        "{mailbox}"
    );
    assert!(html(&app, "/calls/c3", "en").contains("until now"));
}

#[test]
fn the_links_to_the_files_keep_the_filter() {
    let app = many(3);
    let page = html(&app, "/calls?start=2026-11-20&end=2026-11-20&q=call+%26", "de");
    assert!(!page.contains("/calls.csv"), "nothing to download");
    let page = html(&app, "/calls?start=2026-11-20&end=2026-11-20&q=030", "de");
    let hrefs: Vec<_> = page.split("href=\"/calls.csv?").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let expected = "start=2026-11-20&#38;end=2026-11-20&#38;q=030";
    assert_eq!(hrefs, [expected.to_owned(), format!("{expected}&#38;dialect=excel-de")]);
}

#[test]
fn quotes_and_line_ends_are_escaped_as_the_rfc_says() {
    let app = TestApp::start();
    let peers = ["a \"b\", c", "line\r\nend", "=cmd|'/c calc'!A1", "semi;colon", "\tTab"];
    for (number, peer) in peers.into_iter().enumerate() {
        app.post_event(accepted(&format!("c{number}"), peer)).xml();
    }
    let stored = |id: usize| app.call(&format!("c{id}")).ok()["peer"].as_str().map(str::to_owned).unwrap_or_default();
    for (dialect, delimiter) in [("", b','), ("dialect=excel-de", b';')] {
        let answer = app.csv(dialect);
        let text = answer.text().trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), peers.len());
        for record in &records {
            let number: usize = record[0][1..].parse().unwrap();
            let is_formula = stored(number).starts_with(['=', '\t', '\r', '\n']);
            let guard = if is_formula && delimiter == b';' { "'" } else { "" };
            assert_eq!(record[6], format!("{guard}{}", stored(number)), "{dialect}");
        }
    }
    let plain = app.csv("").text().to_owned();
    assert!(plain.contains(",\"a \"\"b\"\", c\",") && plain.contains(",=cmd|'/c calc'!A1,"), "{plain}");
    assert!(app.csv("dialect=excel-de").text().contains(";\"semi;colon\";"));
}

/// Calls as if they had come, without their events: `i` is each one's number, from 1.
fn insert_calls(database: &Database, count: usize, peer: &str, started_ms: &str) {
    let call_id = if database.url().starts_with("sqlite") {
        "cast(char(2) || 'call-' || i as blob)"
    } else {
        "decode('02', 'hex') || convert_to('call-' || i, 'UTF8')"
    };
    database.execute(&format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {count}) \
         insert into calls (id, call_id, peer, has_incoming, in_hours, started_ms, event_count) \
         select 1000 + i, {call_id}, '{peer}', false, true, {started_ms}, 1 from n"
    ));
    database.execute("analyze");
}

#[test]
fn a_page_far_down_shows_the_calls_of_its_place() {
    const CALLS: usize = 20_000;
    let app = TestApp::start();
    insert_calls(&app.database, CALLS, "anna", "1600000000000 + cast(i as bigint) * 300000");
    let span = "start=2020-01-01&end=2026-11-30";
    let calls = |cursor: &str| listed(&html(&app, &format!("/calls?{span}{cursor}"), "de"));
    assert_eq!(calls("").len(), 50);
    for place in [10, CALLS / 2, CALLS - 100] {
        let at = format!("{:x}-{:x}", 1_600_000_000_000_i64 + place as i64 * 300_000, 1000 + place);
        for (way, shown) in [("cursor", 50.min(place - 1)), ("newer", 50)] {
            let listed = calls(&format!("&{way}={at}"));
            assert_eq!(listed.len(), shown, "{way} {place}");
            let next = if way == "cursor" { place - 1 } else { place + 50 };
            assert!(listed[0].contains(&format!("call-{next}")), "{way} {place}: {listed:?}");
        }
    }
}

/// The most memory that a process ever held, in MiB.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_file_of_any_size_is_streamed() {
    let calls = times(20_000).min(60_000);
    let database = Database::create();
    // Made and migrated.
    drop(Server::start(&database, &[]));
    insert_calls(&database, calls, &"x".repeat(2_000), "1795334400000 + i / 7");
    let server = Server::start(&database, &[]);
    assert_eq!(server.csv("start=2026-01-01&end=2026-01-01").text().lines().count(), 1);
    let before = peak_memory(server.process());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let path = "/calls.csv?start=2026-11-01&end=2026-11-30";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address()).unwrap();
    // Each line ends in `,1`, the number of events; nothing else does.
    let (mut size, mut lines, mut last, mut chunk) = (0, 0, 0, vec![0; 256 * 1024]);
    loop {
        let read = read_some(&mut stream, &mut chunk).unwrap();
        if read == 0 {
            break;
        }
        size += read;
        for byte in &chunk[..read] {
            lines += usize::from([last, *byte] == *b",1");
            last = *byte;
        }
    }
    let file = size / 1024 / 1024;
    assert!(file > 35, "{file} MiB");
    assert_eq!(lines, calls);
    let grown = peak_memory(server.process()) - before;
    assert!(grown < file as u64 / 2, "{grown} MiB of memory for a file of {file} MiB");
}
