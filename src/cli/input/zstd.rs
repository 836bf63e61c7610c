//! Zstandard: one frame after another, with what may be skipped between them.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// `0x184D2A50` to `5F`, little-endian: a frame of no meaning here, such as `pzstd` and seekable files have.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

type Frame = StreamingDecoder<Box<dyn BufRead>, FrameDecoder>;

/// Unpacks; an error names what it was that broke.
pub(super) struct Zstd {
    frame: Option<Frame>,
    rest: Option<Box<dyn BufRead>>,
}

/// Whether Zstandard data begins so.
pub(super) fn is_frame(head: &[u8]) -> bool {
    head.starts_with(&FRAME) || is_skippable(head)
}

fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, rest @ ..] if rest.starts_with(&SKIPPABLE))
}

impl Zstd {
    pub(super) fn new(reader: Box<dyn BufRead>) -> Self {
        Self {
            frame: None,
            rest: Some(reader),
        }
    }

    /// False at the end of all.
    fn next_frame(&mut self) -> io::Result<bool> {
        let Some(mut rest) = self.rest.take() else {
            return Ok(false);
        };
        loop {
            if rest.fill_buf()?.is_empty() {
                return Ok(false);
            }
            let mut head = [0; 4];
            rest.read_exact(&mut head)?;
            if !is_skippable(&head) {
                let whole: Box<dyn BufRead> = Box::new(io::Cursor::new(head).chain(rest));
                let frame = StreamingDecoder::new(whole).map_err(io::Error::other)?;
                self.frame = Some(frame);
                return Ok(true);
            }
            let mut length = [0; 4];
            rest.read_exact(&mut length)?;
            let length = u64::from(u32::from_le_bytes(length));
            io::copy(&mut Read::take(&mut rest, length), &mut io::sink())?;
        }
    }

    fn end_frame(&mut self) -> io::Result<()> {
        let Some(frame) = self.frame.take() else {
            return Ok(());
        };
        let (rest, decoder) = frame.into_parts();
        self.rest = Some(rest);
        let stated = decoder.get_checksum_from_data();
        match stated.is_none() || stated == decoder.get_calculated_checksum() {
            true => Ok(()),
            false => Err(io::Error::other("its checksum is wrong")),
        }
    }

    fn unpack(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.end_frame()?;
            }
            if !self.next_frame()? {
                return Ok(0);
            }
        }
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.unpack(buffer).map_err(|cause| {
            let sentence = format!("the zstd data is cut off or damaged: {cause}");
            io::Error::new(cause.kind(), sentence)
        })
    }
}
