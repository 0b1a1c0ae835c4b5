//! Forbidden texts are found, and what only looks like one is not.

use super::*;

fn check_found(path: &str, text: &str, expected: &[&str]) {
    let problems = check(&SourceFile { path: path.to_owned(), text: text.to_owned() });
    assert_eq!(problems.len(), expected.len(), "{text:?}: {problems:#?}");
    for (problem, part) in problems.iter().zip(expected) {
        assert!(problem.contains(part), "{problem:?} lacks {part:?}");
    }
}

#[test]
fn paths_of_one_machine_are_found() {
    check_found("a.md", "see /home/ann/notes", &["/home/"]);
    check_found("a.md", "\"/root/.cache\"", &["/root/"]);
    check_found("a.md", "$HOME/root/x, /home/ and crates/home/a", &[]);
}

#[test]
fn private_hosts_are_found() {
    check_found("a.md", "ok\nhttps://git.corp/x", &["a.md:2: the host git.corp"]);
    check_found("a.md", "http://user@10.1.2.3:80/", &["10.1.2.3"]);
    check_found("a.rs", "https://{service}.internal/", &[]);
    check_found("a.md", "http://127.0.0.1:7070 and https://example.com/local", &[]);
}

#[test]
fn other_characters_are_found_outside_data() {
    let dash = "a \u{2014} b";
    check_found("a.rs", dash, &["\\u{2014}"]);
    check_found("crates/a/src/b/tests.rs", dash, &[]);
    check_found("fixtures/a.json", dash, &[]);
    check_found("crates/a/src/snapshots/b.snap", dash, &[]);
}
