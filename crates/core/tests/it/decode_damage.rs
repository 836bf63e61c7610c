//! Whatever the bytes, decoding ends in a value.

use floorwalker_core::decode::decode;
use proptest::prelude::*;

use crate::decode::json;

fn valid_json() -> impl Strategy<Value = String> {
    let fields = prop::sample::subsequence(
        vec![
            r#""agent":"ana""#,
            r#""queue":"billing""#,
            r#""by":"customer""#,
            r#""score":4"#,
            r#""scale_min":1"#,
            r#""scale_max":5"#,
            r#""cause":"missed""#,
            r#""resolved":false"#,
            r#""reason":"a \" \u00e4""#,
        ],
        0..9,
    );
    let kind = prop::sample::select(vec!["contact_queued", "survey_answered", "contact_ended"]);
    (kind, fields).prop_map(|(kind, fields)| json(kind, &fields.join(",")))
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(decode(&bytes));
    }

    #[test]
    fn no_damaged_event_panics(
        json in valid_json(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = json.into_bytes();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        drop(decode(&bytes));
        bytes.truncate(end.index(bytes.len() + 1));
        drop(decode(&bytes));
    }
}
