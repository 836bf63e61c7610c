//! Images of accumulators: for each sum the distance of its code from the last one, and the amount with its sign in the lowest bit, both in
//! groups of seven bits (LEB128).

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::accumulator::{Accumulator, merge_sums};

/// No sum takes less in an image, and hardly any takes more.
const SUM_BYTES_MIN: usize = 2;
const SUM_BYTES_MAX: usize = 8;

impl Accumulator {
    /// Appends the sums.
    pub fn write_image(&self, image: &mut Vec<u8>) {
        let mut writer = SumWriter::new(image);
        self.sums.iter().for_each(|sum| writer.push(*sum));
    }

    /// Appends the sums of this accumulator and another's image, without those that are zero.
    pub fn write_merged(&self, other: &[u8], image: &mut Vec<u8>) {
        let mut writer = SumWriter::new(image);
        merge_sums(self.sums.iter().copied(), SumReader::new(other), |sum| {
            writer.push(sum);
        });
    }

    /// Returns the sum of many images.
    #[must_use]
    pub fn of_images<'i>(images: impl IntoIterator<Item = &'i [u8]>) -> Self {
        let mut sums: Vec<(u32, i64)> = (images.into_iter()).flat_map(SumReader::new).collect();
        sums.sort_unstable_by_key(|sum| sum.0);
        sums.dedup_by(|next, sum| {
            let same = next.0 == sum.0;
            sum.1 += if same { next.1 } else { 0 };
            same
        });
        sums.retain(|sum| sum.1 != 0);
        Self { sums }
    }
}

struct SumWriter<'i> {
    image: &'i mut Vec<u8>,
    last: u32,
}

impl<'i> SumWriter<'i> {
    const fn new(image: &'i mut Vec<u8>) -> Self {
        Self { image, last: 0 }
    }

    fn push(&mut self, (code, amount): (u32, i64)) {
        write_varint(u64::from(code - self.last), self.image);
        write_varint(((amount << 1) ^ (amount >> 63)).cast_unsigned(), self.image);
        self.last = code;
    }
}

/// Iterator over the sums of an image. Stops at what it can't read.
struct SumReader<'i> {
    bytes: &'i [u8],
    code: u32,
}

impl<'i> SumReader<'i> {
    const fn new(bytes: &'i [u8]) -> Self {
        Self { bytes, code: 0 }
    }
}

impl Iterator for SumReader<'_> {
    type Item = (u32, i64);

    fn next(&mut self) -> Option<(u32, i64)> {
        let distance = u32::try_from(read_varint(&mut self.bytes)?).ok()?;
        let amount = read_varint(&mut self.bytes)?;
        self.code = self.code.checked_add(distance)?;
        let amount = (amount >> 1).cast_signed() ^ -(amount & 1).cast_signed();
        Some((self.code, amount))
    }
}

impl<C> Encode<C> for Accumulator {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let mut image = Vec::with_capacity(self.sums.len() * SUM_BYTES_MAX);
        self.write_image(&mut image);
        encoder.bytes(&image)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Accumulator {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = decoder.bytes()?;
        let mut reader = SumReader::new(bytes);
        let mut sums = Vec::with_capacity(bytes.len() / SUM_BYTES_MIN);
        sums.extend(reader.by_ref());
        if reader.bytes.is_empty() {
            Ok(Self { sums })
        } else {
            Err(decode::Error::message("accumulator is cut"))
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(super) fn write_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

pub(super) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
