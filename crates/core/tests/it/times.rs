//! Times in the input.

use floorwalker_core::event::Timestamp;
use proptest::prelude::*;

fn general(text: &str) -> Option<Timestamp> {
    let instant = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(text);
    let micros = instant.ok()?.as_nanosecond().div_euclid(1_000);
    i64::try_from(micros).ok().map(Timestamp)
}

proptest! {
    #[test]
    fn every_printed_time_is_read_back(micros in -11_676_096_000_000_000_i64..253_370_764_800_000_000) {
        let at = Timestamp(micros);
        prop_assert_eq!(Timestamp::parse(&at.to_string()), Ok(at));
        let millis = Timestamp(micros.div_euclid(1_000) * 1_000);
        prop_assert_eq!(Timestamp::parse(&millis.to_string()), Ok(millis));
    }

    #[test]
    fn what_looks_like_a_time_is_read_as_the_general_parser_reads_it(
        text in r"(1[5-9]|20|99)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,10})?(Z|z|\+02:00)?"
    ) {
        prop_assert_eq!(Timestamp::parse(&text).ok(), general(&text));
    }

    #[test]
    fn february_ends_as_in_the_general_parser(year in 1600..2600, day in 27..31) {
        let text = format!("{year}-02-{day}T23:59:59Z");
        prop_assert_eq!(Timestamp::parse(&text).ok(), general(&text));
    }
}

#[test]
fn finer_digits_are_cut() {
    let fine = Timestamp::parse("2026-11-22T09:14:08.123456999Z");
    assert_eq!(fine, Timestamp::parse("2026-11-22T09:14:08.123456Z"));
}

#[test]
fn an_offset_is_needed() {
    let error = Timestamp::parse("2026-11-22T09:14:08").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`2026-11-22T09:14:08` is not an RFC 3339 time with an offset, such as 2026-11-22T09:14:08.250Z"
    );
}
