//! A dead letter: the record byte for byte, with what is wrong with it in headers of their own. What no record of Kafka could
//! hold is cut, and names what was left out.

use sha2::{Digest as _, Sha256};

use crate::engine::{
    stages::intake::{Fault, Provenance},
    step::{OutTopic, Output, SourceRecord},
};

/// The largest letter that is written whole: the topic takes records of 16 MiB, our headers and Kafka's framing among them.
pub const LETTER_BYTES_MAX: usize = 15 << 20;
/// What a cut letter keeps of the payload: enough to see what it was.
pub const CUT_PAYLOAD_BYTES: usize = 64 << 10;
/// A cut letter keeps the key, and the headers, only up to this size.
const CUT_REST_BYTES_MAX: usize = 64 << 10;

/// Headers of each letter: where the record was read, by topic, partition and offset, and what is wrong with it, as a code and in a sentence.
pub const LETTER_HEADERS: [&str; 5] = [
    "floorwalker-topic",
    "floorwalker-partition",
    "floorwalker-offset",
    "floorwalker-reason",
    "floorwalker-sentence",
];
/// Headers of a cut letter: the parts that are not whole, the size of the payload, and the SHA-256 of it.
pub const CUT_HEADERS: [&str; 3] = ["floorwalker-cut", "floorwalker-bytes", "floorwalker-sha256"];

impl Provenance<'_> {
    /// Returns the dead letter of this record.
    #[must_use]
    pub(in crate::engine) fn dead_letter(&self, fault: &Fault) -> Output {
        let record = self.record;
        let own = [
            self.topic.to_owned(),
            record.input.partition.to_string(),
            record.offset.to_string(),
            fault.code.to_owned(),
            fault.sentence.clone(),
        ];
        let own = LETTER_HEADERS.into_iter().zip(own);
        let own = own.map(|(name, value)| (name.to_owned(), Some(value.into_bytes())));
        let cut = Cut::of(record);
        let payload = record.payload.map(|payload| {
            let kept = if cut.payload {
                CUT_PAYLOAD_BYTES
            } else {
                payload.len()
            };
            payload[..kept.min(payload.len())].to_vec()
        });
        let mut headers = Vec::with_capacity(record.headers.len() + own.len() + CUT_HEADERS.len());
        if !cut.headers {
            let original = record.headers.iter();
            headers.extend(
                original.map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))),
            );
        }
        headers.extend(cut.headers_of(record));
        headers.extend(own);
        Output {
            topic: OutTopic::DeadLetters,
            key: record.key.filter(|_| !cut.key).map(<[u8]>::to_vec),
            payload,
            headers,
        }
    }
}

/// What a letter leaves out of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cut {
    payload: bool,
    key: bool,
    headers: bool,
}

impl Cut {
    /// Nothing, where the record fits.
    fn of(record: &SourceRecord<'_>) -> Self {
        let payload = record.payload.map_or(0, <[u8]>::len);
        if payload + record.rest_bytes() <= LETTER_BYTES_MAX {
            return Self::default();
        }
        Self {
            payload: payload > CUT_PAYLOAD_BYTES,
            key: record.key.map_or(0, <[u8]>::len) > CUT_REST_BYTES_MAX,
            headers: record.header_bytes() > CUT_REST_BYTES_MAX,
        }
    }

    fn headers_of(self, record: &SourceRecord<'_>) -> Vec<(String, Option<Vec<u8>>)> {
        let parts = [
            ("payload", self.payload),
            ("key", self.key),
            ("headers", self.headers),
        ];
        let cut: Vec<&str> = (parts.into_iter().filter(|(_, cut)| *cut))
            .map(|(name, _)| name)
            .collect();
        if cut.is_empty() {
            return Vec::new();
        }
        let payload = record.payload.unwrap_or_default();
        let values = [cut.join(","), payload.len().to_string(), sha256(payload)];
        (CUT_HEADERS.into_iter().zip(values))
            .map(|(name, value)| (name.to_owned(), Some(value.into_bytes())))
            .collect()
    }
}

/// Returns the digest as `sha256sum` prints it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decode::Format, engine::InputId};

    type Headers<'h> = &'h [(&'h str, Option<&'h [u8]>)];

    fn letter(key: &[u8], payload: &[u8], headers: Headers<'_>) -> Output {
        let record = SourceRecord {
            input: InputId {
                source: 0,
                partition: 3,
            },
            offset: 17,
            key: Some(key),
            payload: Some(payload),
            headers,
        };
        let from = Provenance {
            topic: "calls",
            format: Format::Json,
            record: &record,
        };
        let sentence = "it is too large".to_owned();
        from.dead_letter(&Fault {
            code: "too_large",
            sentence,
        })
    }

    fn header<'o>(letter: &'o Output, name: &str) -> Option<&'o str> {
        let found = letter.headers.iter().find(|(found, _)| found == name)?;
        std::str::from_utf8(found.1.as_deref()?).ok()
    }

    fn bytes(letter: &Output) -> usize {
        let headers = letter.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len));
        letter.key.as_ref().map_or(0, Vec::len)
            + letter.payload.as_ref().map_or(0, Vec::len)
            + headers.sum::<usize>()
    }

    #[test]
    fn a_record_that_fits_is_kept_byte_for_byte() {
        let payload = vec![b'x'; LETTER_BYTES_MAX - 10];
        let whole = letter(b"key", &payload, &[("trace", Some(b"1"))]);
        assert_eq!(whole.payload.as_deref(), Some(payload.as_slice()));
        assert_eq!(whole.key.as_deref(), Some(b"key".as_slice()));
        assert_eq!(header(&whole, "trace"), Some("1"));
        assert_eq!(header(&whole, "floorwalker-cut"), None);
        assert_eq!(whole.headers.len(), 6);
    }

    #[test]
    fn a_record_that_does_not_fit_is_cut_and_says_what_is_missing() {
        let payload = vec![b'x'; LETTER_BYTES_MAX + 1];
        let cut = letter(b"key", &payload, &[("trace", Some(b"1"))]);
        assert_eq!(cut.payload.as_ref().map(Vec::len), Some(CUT_PAYLOAD_BYTES));
        assert_eq!(cut.key.as_deref(), Some(b"key".as_slice()));
        assert_eq!(header(&cut, "trace"), Some("1"));
        assert_eq!(header(&cut, "floorwalker-cut"), Some("payload"));
        assert_eq!(header(&cut, "floorwalker-bytes"), Some("15728641"));
        assert_eq!(
            header(&cut, "floorwalker-sha256"),
            Some(sha256(&payload).as_str())
        );
        assert_eq!(header(&cut, "floorwalker-offset"), Some("17"));
    }

    #[test]
    fn large_keys_and_headers_are_left_out_too() {
        let large = vec![b'k'; 20 << 20];
        let cut = letter(&large, b"{}", &[("trace", Some(&large))]);
        assert_eq!(header(&cut, "floorwalker-cut"), Some("key,headers"));
        assert_eq!(cut.payload.as_deref(), Some(b"{}".as_slice()));
        assert_eq!((cut.key.as_ref(), header(&cut, "trace")), (None, None));
        assert!(bytes(&cut) < 1_000);
    }

    #[test]
    fn the_digest_is_that_of_sha256sum() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
