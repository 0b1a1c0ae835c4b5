use proptest::prelude::*;
use telltale_schema::RawText;

use super::*;
use crate::catalogue::key::Seen;

fn sample() -> (Head, AttributeCatalogue) {
    let missing = vec![Missing { after: 3, upto: 5 }, Missing { after: 8, upto: 9 }];
    let coverage = Coverage { position: 12, missing };
    let head = Head { coverage, first_day: 7, corrected: true, partial: false };
    let limits = CatalogueConfig { keys_max: 4, values_max: 4, ..CatalogueConfig::default() };
    let mut catalogue = AttributeCatalogue::new(limits);
    for number in 0..9 {
        let seen = Seen { rows: number + 1, first: -5, last: 1 << 60, day: 7 };
        let scope = [AttributeScope::Record, AttributeScope::Resource][usize::from(number > 6)];
        let name = format!("key {}", number % 6);
        let raw = RawText { text: &name, escaped: false };
        if let Some(place) = catalogue.place(scope, raw, || None, &seen) {
            for value in 0..6 {
                let text = format!("{value}\u{e9}");
                catalogue.note(place, ValueTypes::INT, Some(&text), &seen);
            }
        }
        catalogue.count_rows(7, 1);
    }
    assert!(catalogue.floor > 0 && catalogue.keys_left_out() > 0);
    (head, catalogue)
}

#[test]
fn what_is_written_reads_back_equal() {
    let (head, catalogue) = sample();
    let bytes = encode(&head, &catalogue);
    let (read_head, read) = decode(&bytes, catalogue.limits).unwrap();
    assert_eq!(read_head, head);
    assert_eq!(encode(&read_head, &read), bytes);
    assert_eq!(read.rows_since(i32::MIN), 9);
    assert_eq!(read.keys_left_out(), catalogue.keys_left_out());
    assert_eq!(read.memory_bytes(), catalogue.memory_bytes());
    for (a, b) in read.keys().iter().zip(catalogue.keys()) {
        assert_eq!((a.name(), a.scope(), a.types()), (b.name(), b.scope(), b.types()));
        assert_eq!((a.rows(), a.missed(), a.values()), (b.rows(), b.missed(), b.values()));
    }
    // The head is found in the first bytes alone.
    assert_eq!(decode_head(&bytes[..HEAD_BYTES_MAX.min(bytes.len())]).unwrap(), head);
    let most = Coverage { position: 1, missing: vec![Missing { after: 0, upto: 1 }; RANGES_MAX] };
    let most = Head { coverage: most, ..Head::default() };
    let bytes = encode(&most, &AttributeCatalogue::new(CatalogueConfig::default()));
    assert_eq!(decode_head(&bytes[..HEAD_BYTES_MAX]).unwrap(), most);
}

#[test]
fn any_damage_is_noticed() {
    let (head, catalogue) = sample();
    let bytes = encode(&head, &catalogue);
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length], catalogue.limits).is_err(), "{length} bytes");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(decode(&damaged, catalogue.limits).is_err(), "byte {at}");
    }
    let mut later = bytes.clone();
    later[7] = 2;
    assert!(decode_head(&later).unwrap_err().contains("version"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut with_magic = MAGIC.to_vec();
        with_magic.extend(&bytes);
        let crc = crc32c::crc32c(&with_magic);
        with_magic.extend(crc.to_le_bytes());
        prop_assert!(decode(&with_magic, CatalogueConfig::default()).is_err());
        prop_assert!(decode_head(&bytes).is_err());
    }
}
