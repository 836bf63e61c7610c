//! Order of ids: numbers in them are compared by value, not by spelling.

use std::cmp::Ordering;

use super::EventId;

impl EventId {
    /// Compares two ids character by character; where both have an ASCII digit, the runs of digits from there by value.
    /// Ids that are equal by this (`a7` and `a007`) are compared as text.
    ///
    /// ```
    /// use floorwalker_core::event::EventId;
    ///
    /// let (one, other) = (EventId::new("call-99"), EventId::new("call-100"));
    /// assert!(one.cmp_by_value(&other).is_lt());
    /// ```
    #[must_use]
    pub fn cmp_by_value(&self, other: &Self) -> Ordering {
        let (one, other) = (self.as_str(), other.as_str());
        cmp_runs(one.as_bytes(), other.as_bytes()).then_with(|| one.cmp(other))
    }
}

/// Bytes of UTF-8 are ordered as its characters are.
fn cmp_runs(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while let (Some(first), Some(second)) = (one.first(), other.first()) {
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (left, right) = (split_digits(&mut one), split_digits(&mut other));
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        } else {
            let order = first.cmp(second);
            (one, other) = (&one[1..], &other[1..]);
            order
        };
        if order.is_ne() {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

/// Splits off the leading run of digits; returns it without leading zeros, so that the longer one is the greater.
fn split_digits<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    &digits[zeros..]
}
