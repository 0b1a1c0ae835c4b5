use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [7; 32];

fn restored(outline: &Outline<'_>) -> Result<Vec<String>, Damaged> {
    let known: HashMap<FragmentId, &str> = outline.fragments.iter().copied().collect();
    restore(outline.groups.iter().map(|(_, bytes)| &**bytes), |id| known.get(&id).copied())
}

#[test]
fn a_list_that_grows_keeps_its_groups() {
    let messages: Vec<String> =
        (0..400).map(|n| format!("message {n} {}", "x".repeat(60))).collect();
    let texts = || messages.iter().map(String::as_str);
    let short = outline(&KEY, texts().take(300));
    let long = outline(&KEY, texts());
    let same = short.groups.iter().zip(&long.groups).take_while(|(a, b)| a == b).count();
    assert!(short.groups.len() - same <= 1, "{same} of {}", short.groups.len());
    assert!(short.groups.len() > 10, "{}", short.groups.len());
}

#[test]
fn groups_have_limits() {
    let same = outline(&KEY, std::iter::repeat_n("", 1000));
    assert_eq!(same.groups.len(), 1000_usize.div_ceil(GROUP_ITEMS_MAX));
    assert_eq!(restored(&same).unwrap().len(), 1000);
    assert_eq!(outline(&KEY, []).groups, []);
}

#[test]
fn damage_is_told() {
    let none = |_| None;
    let id = FragmentId([1; 16]);
    let fragment: Vec<u8> = [&[1][..], &id.0, &[0]].concat();
    assert_eq!(restore([&fragment[..]], none), Err(Damaged::Missing(id)));
    for bytes in [&fragment[..9], &[2 + 5, b'a'], &[3, 0xff, 0], &[3, b'a']] {
        assert_eq!(restore([bytes], none), Err(Damaged::Form), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn texts_are_restored(texts in proptest::collection::vec(".{0,120}", 0..60)) {
        let outline = outline(&KEY, texts.iter().map(String::as_str));
        prop_assert_eq!(restored(&outline).unwrap(), texts);
    }

    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>) {
        drop(restore([&bytes[..]], |_| Some("x")));
    }
}
