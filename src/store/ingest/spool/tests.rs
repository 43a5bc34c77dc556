use super::line::line_of;
use crate::calls::receipts::Receipt;
use crate::routing::table::Decision;
use crate::store::ingest::record::Source;
use crate::store::ingest::spool::*;

pub(super) fn delivery(number: i64) -> Delivery {
    let body = format!("call_id=c{number}&event=HungUp&note=%FF{}", "x".repeat(number as usize));
    let xml = format!("<Response>\n{number}</Response>").into();
    let decision = (number % 2 == 0).then(|| Decision {
        route_id: Some(number),
        route_name: Some("Nacht".into()),
        xml,
        decided_ms: number,
        revision: Some(4),
        took_us: None,
    });
    Delivery { receipt: Receipt::new(number, body.into_bytes()).unwrap().into(), source: Source::PbxAgain(decision) }
}

pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    (folder, path)
}

#[test]
fn what_was_kept_is_there_after_a_restart_in_its_order() {
    let (_folder, path) = folder();
    let kept: Vec<_> = (0..AT_ONCE as i64 + 7).map(delivery).collect();
    let mut spool = Spool::open(&path).unwrap();
    kept.chunks(100).for_each(|chunk| spool.keep(chunk).unwrap());
    drop(spool);
    let mut spool = Spool::open(&path).unwrap();
    assert_eq!(spool.level().events(), kept.len() as u64);
    let mut found = Vec::new();
    while !spool.is_empty() {
        let waiting = spool.waiting().unwrap();
        assert!(waiting.unreadable.is_empty());
        spool.stored(&waiting).unwrap();
        found.extend(waiting.deliveries);
    }
    assert_eq!(found, kept);
    assert_eq!((spool.level().events(), spool.level().bytes()), (0, 0));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    spool.keep(&kept[..1]).unwrap();
    assert_eq!(spool.waiting().unwrap().deliveries, kept[..1]);
}

#[test]
fn what_a_crash_tore_off_was_never_acknowledged() {
    let (_folder, path) = folder();
    let mut spool = Spool::open(&path).unwrap();
    spool.keep(&[delivery(1)]).unwrap();
    drop(spool);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], &whole[..20]].concat()).unwrap();
    let mut spool = Spool::open(&path).unwrap();
    spool.keep(&[delivery(2)]).unwrap();
    assert_eq!(spool.waiting().unwrap().deliveries, [delivery(1), delivery(2)]);
}

#[test]
fn a_line_that_nobody_can_read_holds_up_nothing() {
    let (_folder, path) = folder();
    let mut spool = Spool::open(&path).unwrap();
    spool.keep(&[delivery(1)]).unwrap();
    drop(spool);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [b"nonsense\n", &whole[..]].concat()).unwrap();
    let mut spool = Spool::open(&path).unwrap();
    let waiting = spool.waiting().unwrap();
    assert_eq!((&*waiting.deliveries, &*waiting.unreadable), (&[delivery(1)][..], &["nonsense".to_owned()][..]));
    let aside = spool.set_aside(&waiting.unreadable).unwrap();
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "nonsense\n");
    spool.stored(&waiting).unwrap();
    assert!(spool.is_empty());
}

#[test]
fn servers_in_one_folder_have_a_file_each_and_inherit() {
    let (_folder, path) = folder();
    let mut one = Spool::open(&path).unwrap();
    let mut other = Spool::open(&path).unwrap();
    assert_ne!(one.path(), other.path());
    one.keep(&[delivery(1)]).unwrap();
    other.keep(&[delivery(2)]).unwrap();
    let third = Spool::open(&path).unwrap();
    assert!(third.is_empty(), "what others keep is theirs");
    drop((one, other, third));
    let heir = Spool::open(&path).unwrap();
    assert_eq!(heir.waiting().unwrap().deliveries, [delivery(1), delivery(2)]);
    drop(heir);
    assert_eq!(Spool::open(&path).unwrap().level().events(), 2, "inherited once");
}

#[test]
fn the_spool_takes_so_much_and_no_more() {
    let (_folder, path) = folder();
    let mut spool = Spool::open(&path).unwrap();
    assert_eq!(spool.most_bytes, 1_073_741_824);
    let length = line_of(&delivery(1)).len() as u64 + 1;
    spool.most_bytes = 3 * length;
    spool.keep(&[delivery(1), delivery(1)]).unwrap();
    assert!(spool.keep(&[delivery(1), delivery(1)]).is_err());
    spool.keep(&[delivery(1)]).unwrap();
    assert!(spool.keep(&[delivery(1)]).is_err());
    assert_eq!(spool.level().events(), 3);
    let waiting = spool.waiting().unwrap();
    spool.stored(&waiting).unwrap();
    spool.keep(&[delivery(1)]).unwrap();
}

#[test]
fn sixteen_servers_may_share_a_folder() {
    let (_folder, path) = folder();
    let spools: Vec<_> = (0..16).map(|_| Spool::open(&path).unwrap()).collect();
    assert!(Spool::open(&path).unwrap_err().to_string().contains("too many servers"));
    drop(spools);
    assert!(Spool::open(&path).is_ok());
}

#[test]
fn much_that_another_has_left_is_taken_over_in_pieces() {
    let (_folder, path) = folder();
    let (own, mut other) = (Spool::open(&path).unwrap(), Spool::open(&path).unwrap());
    // Three megabytes: more than is copied at once, and no whole number of pieces.
    let kept: Vec<_> = (0..60).map(|number| delivery(50_000 + number)).collect();
    other.keep(&kept).unwrap();
    drop((own, other));
    let mut heir = Spool::open(&path).unwrap();
    let waiting = heir.waiting().unwrap();
    assert!(waiting.deliveries == kept && waiting.unreadable.is_empty());
    heir.stored(&waiting).unwrap();
    assert!(heir.is_empty());
}

#[test]
fn what_cannot_be_taken_over_keeps_nobody_from_starting() {
    let (_folder, path) = folder();
    std::fs::create_dir(with_ending(&path, "-2")).unwrap();
    std::fs::write(with_ending(&path, "-3"), line_of(&delivery(1)) + "\n").unwrap();
    assert_eq!(Spool::open(&path).unwrap().waiting().unwrap().deliveries, [delivery(1)]);
}

#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let mut spool = Spool::open(Path::new("/dev/full")).unwrap();
    assert!(spool.keep(&[delivery(1)]).is_err());
    assert!(spool.is_empty());
}

/// Encodes an entry as it was before there were checksums.
fn without_checksum(delivery: &Delivery) -> String {
    let line = line_of(delivery);
    format!("{{{}", &line[r#"{"crc32":"01234567","#.len()..])
}

fn found_in(path: &Path, content: &[u8]) -> Waiting {
    std::fs::write(path, content).unwrap();
    Spool::open(path).unwrap().waiting().unwrap()
}

#[test]
fn lines_of_before_there_were_checksums_are_read() {
    let (_folder, path) = folder();
    let old = without_checksum(&delivery(2));
    assert!(old.starts_with(r#"{"received_ms":2,"body":""#), "{old}");
    let waiting = found_in(&path, format!("{old}\n{}\n", line_of(&delivery(3))).as_bytes());
    assert_eq!((waiting.deliveries, waiting.unreadable.len()), (vec![delivery(2), delivery(3)], 0));
}

#[test]
fn a_line_of_which_one_byte_is_wrong_is_no_event() {
    let (_folder, path) = folder();
    let (changed, good) = (line_of(&delivery(4)), line_of(&delivery(5)));
    // What would still be read: another time, another revision, another number in the body.
    for (place, from, to) in [("\"received_ms\":", "4", "5"), ("\"revision\":", "4", "5"), ("\"crc32\":\"", "", "0")] {
        let wrong = changed.replacen(&format!("{place}{from}"), &format!("{place}{to}"), 1);
        assert_ne!(wrong, changed);
        let waiting = found_in(&path, format!("{wrong}\n{good}\n").as_bytes());
        assert_eq!((&*waiting.deliveries, &*waiting.unreadable), (&[delivery(5)][..], &[wrong][..]));
    }
}

#[test]
fn a_sector_that_never_reached_the_disk_hides_no_line_behind_it() {
    let (_folder, path) = folder();
    let lines: Vec<_> = (300..306).map(delivery).collect();
    let text: String = lines.iter().map(|delivery| line_of(delivery) + "\n").collect();
    for sector in 0..text.len() / 512 {
        let (from, to) = (sector * 512, (sector + 1) * 512);
        let mut torn = text.clone().into_bytes();
        torn[from..to].fill(0);
        let waiting = found_in(&path, &torn);
        let mut start = 0;
        let whole = lines.iter().filter(|delivery| {
            let end = start + line_of(delivery).len();
            let is_whole = end <= from || start >= to;
            start = end + 1;
            is_whole
        });
        assert_eq!(waiting.deliveries, whole.cloned().collect::<Vec<_>>(), "sector {sector}");
    }
    // Zeros that end where a line begins, and have overwritten the line's end before it.
    let mut torn = text.into_bytes();
    let second = torn.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    torn[..second].fill(0);
    assert_eq!(found_in(&path, &torn).deliveries, lines[1..]);
}

#[test]
fn what_is_left_of_a_write_that_failed_counts_for_nothing() {
    let (_folder, path) = folder();
    let (kept, longer) = (line_of(&delivery(1)), line_of(&delivery(300)));
    // The second line overwrites a longer one whose write failed.
    let second = line_of(&delivery(2));
    let rest = &longer[second.len() + 1..];
    let waiting = found_in(&path, format!("{kept}\n{second}\n{rest}\n{kept}\n").as_bytes());
    assert_eq!(waiting.deliveries, [delivery(1), delivery(2), delivery(1)]);
    assert_eq!(waiting.unreadable, [rest]);
}
