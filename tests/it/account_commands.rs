//! Tests of the commands `fernamt user` and `fernamt token`.

use crate::helpers::Database;
use crate::signed_in::PASSWORD;

#[track_caller]
fn refused(database: &Database, flags: &[&str], input: &str, says: &str) {
    let done = database.run(flags, input.as_bytes());
    assert_ne!(done.status, 0, "{flags:?}");
    assert_eq!(done.stdout, "", "{flags:?}");
    assert!(done.stderr.contains(says), "{flags:?}: {}", done.stderr);
}

fn list(database: &Database, what: &str) -> String {
    let done = database.run(&[what, "list"], b"");
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    done.stdout
}

#[test]
fn accounts_are_added_listed_changed_and_removed() {
    let database = Database::create();
    assert_eq!(list(&database, "user"), "");
    let add = |name, role| ["user", "add", name, "--role", role, "--password-stdin"];
    refused(&database, &add("ben", "viewer"), PASSWORD, "the first account must be an admin");
    refused(&database, &add("anna", "root"), PASSWORD, "--role");
    refused(&database, &add("a\nb", "admin"), PASSWORD, "a name has 1 to 64");
    refused(&database, &add("anna", "admin"), "too short\n", "10 to 200 characters");
    refused(&database, &add("anna", "admin"), "", "10 to 200 characters");
    refused(&database, &add("anna", "admin"), "one line and\nanother line\n", "one line");
    refused(&database, &["user", "add", "anna", "--role", "admin"], PASSWORD, "--password-stdin");
    refused(&database, &["user", "add", "anna", "--password-stdin"], PASSWORD, "--role");
    assert_eq!(list(&database, "user"), "");
    database.add_user_with("Anna Kern", "admin", &[]);
    database.add_user_with("ben", "viewer", &[]);
    refused(&database, &add("anna kern", "viewer"), PASSWORD, "there is one of this name already");
    assert_eq!(list(&database, "user"), "Anna Kern\tadmin\nben\tviewer\n");
    let stored = database.rows("password", "from users").concat();
    assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !stored.contains(PASSWORD), "{stored}");

    refused(&database, &["user", "remove", "ANNA kern"], "", "last admin");
    refused(&database, &["user", "role", "anna kern", "viewer"], "", "last admin");
    refused(&database, &["user", "remove", "nobody"], "", "there is none of this name");
    refused(&database, &["user", "password", "nobody", "--password-stdin"], PASSWORD, "there is none of this name");
    assert_eq!(database.run(&["user", "role", "ben", "admin"], b"").status, 0);
    assert_eq!(database.run(&["user", "remove", "anna kern"], b"").status, 0);
    assert_eq!(list(&database, "user"), "ben\tadmin\n");
    refused(&database, &["user", "remove", "ben"], "", "last admin");
}

#[test]
fn tokens_are_shown_once_listed_and_removed() {
    let database = Database::create();
    let token = database.add_token("Prometheus", "viewer");
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'), "{token}");
    refused(&database, &["token", "add", "prometheus", "--role", "admin"], "", "there is one of this name already");
    refused(&database, &["token", "add", "x", "--role", "root"], "", "--role");
    refused(&database, &["token", "add", "", "--role", "admin"], "", "a name has 1 to 64");
    assert_eq!(list(&database, "token"), "Prometheus\tviewer\n");
    refused(&database, &["token", "remove", "nobody"], "", "there is none of this name");
    assert_eq!(database.run(&["token", "remove", "PROMETHEUS"], b"").status, 0);
    assert_eq!(list(&database, "token"), "");
}
