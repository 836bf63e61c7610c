//! Gzip as `gzip -d` reads it: one member after another, and zeros behind the last.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Unpacks; an error names what it was that broke.
pub(super) struct Gzip(Option<GzDecoder<Box<dyn BufRead>>>);

impl Gzip {
    pub(super) fn new(reader: Box<dyn BufRead>) -> Self {
        Self(Some(GzDecoder::new(reader)))
    }
}

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let read = member.read(buffer).map_err(|cause| {
                let sentence = format!("the gzip data is cut off or damaged: {cause}");
                io::Error::new(cause.kind(), sentence)
            })?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let rest = self.0.take().map(GzDecoder::into_inner);
            self.0 = rest.map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// Tapes and block devices fill up with zeros.
fn next_member(mut rest: Box<dyn BufRead>) -> io::Result<Option<GzDecoder<Box<dyn BufRead>>>> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        match bytes.get(zeros) {
            None => rest.consume(zeros),
            Some(byte) if *byte == MAGIC[0] => {
                rest.consume(zeros);
                return Ok(Some(GzDecoder::new(rest)));
            }
            Some(_) => {
                let sentence =
                    "the gzip data is followed by something that is none; it was read up to there";
                return Err(io::Error::new(io::ErrorKind::InvalidData, sentence));
            }
        }
    }
}
