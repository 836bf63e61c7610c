//! The bytes of a customer: CBOR by field number, times as distances from the first contact's beginning.

use minicbor::Decode;

use super::Customer;
use crate::event::Timestamp;

impl Customer {
    /// Writes the image that the state log holds.
    #[must_use]
    pub fn to_image(&self) -> Vec<u8> {
        let first = self.cases.first().map_or(0, |known| known.case.began_at.0);
        let mut relative = self.clone();
        relative.each_time(|at| at.0 = at.0.wrapping_sub(first));
        let mut image = Vec::with_capacity(64);
        image.extend_from_slice(&first.to_be_bytes());
        // Writing into memory can't fail, and all parts encode.
        let written = minicbor::encode(&relative, &mut image);
        debug_assert!(written.is_ok());
        image
    }

    /// Reads an image.
    ///
    /// # Errors
    /// When the bytes are no image of a customer.
    pub fn from_image(image: &[u8]) -> Result<Self, minicbor::decode::Error> {
        let cut = || minicbor::decode::Error::message("the image of a customer is cut");
        let (first, rest) = image.split_first_chunk::<8>().ok_or_else(cut)?;
        let first = i64::from_be_bytes(*first);
        let mut customer: Self = minicbor::decode(rest)?;
        customer.each_time(|at| at.0 = at.0.wrapping_add(first));
        Ok(customer)
    }

    /// Reads the next call of the timers from an image, without the rest.
    ///
    /// # Errors
    /// When the bytes are no image of a customer.
    pub fn armed_at_of(image: &[u8]) -> Result<Option<Timestamp>, minicbor::decode::Error> {
        /// The fields that are read; the cases are skipped.
        #[derive(Decode)]
        struct Glance {
            #[n(1)]
            armed_at: Option<Timestamp>,
        }
        let cut = || minicbor::decode::Error::message("the image of a customer is cut");
        let (first, rest) = image.split_first_chunk::<8>().ok_or_else(cut)?;
        let first = i64::from_be_bytes(*first);
        let seen: Glance = minicbor::decode(rest)?;
        Ok(seen.armed_at.map(|at| Timestamp(at.0.wrapping_add(first))))
    }

    fn each_time(&mut self, mut change: impl FnMut(&mut Timestamp)) {
        for known in &mut self.cases {
            change(&mut known.case.began_at);
            known
                .case
                .end
                .iter_mut()
                .for_each(|end| change(&mut end.at));
        }
        self.armed_at.iter_mut().for_each(&mut change);
    }
}
