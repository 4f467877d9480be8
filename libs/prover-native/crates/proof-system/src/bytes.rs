//! Primitive reads and writes. Every value has one encoding, of fixed length; a reader never allocates more than the
//! bytes it was given can fill.

use stwo::core::fields::m31::{BaseField, P};
use stwo::core::fields::qm31::SecureField;
use stwo::core::vcs::blake2_hash::Blake2sHash;
use thiserror::Error;

/// Why bytes are not an encoding.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("ends within {what} at byte {at}")]
    TooShort { what: &'static str, at: usize },
    /// The value is complete but bytes follow.
    #[error("{count} bytes follow the end of the proof")]
    Trailing { count: usize },
    /// A value is outside its range.
    #[error("{what} at byte {at} is out of range: {reason}")]
    OutOfRange { what: &'static str, at: usize, reason: String },
}

/// Reads values off the front of a byte string.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// An error at the current position.
    pub fn out_of_range(&self, what: &'static str, reason: impl Into<String>) -> DecodeError {
        DecodeError::OutOfRange { what, at: self.at, reason: reason.into() }
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(DecodeError::TooShort { what, at: self.at })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes(N, what)?;
        Ok(bytes.try_into().expect("the slice has the length that was asked for"))
    }

    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A field element below p, in four bytes.
    pub fn base_field(&mut self, what: &'static str) -> Result<BaseField, DecodeError> {
        let at = self.at;
        let value = self.u32(what)?;
        if value >= P {
            return Err(DecodeError::OutOfRange { what, at, reason: format!("{value} is not below the modulus {P}") });
        }
        Ok(BaseField::from_u32_unchecked(value))
    }

    /// Four base field elements.
    pub fn secure_field(&mut self, what: &'static str) -> Result<SecureField, DecodeError> {
        let mut coordinates = [BaseField::default(); 4];
        for coordinate in &mut coordinates {
            *coordinate = self.base_field(what)?;
        }
        Ok(SecureField::from_m31_array(coordinates))
    }

    pub fn hash(&mut self, what: &'static str) -> Result<Blake2sHash, DecodeError> {
        self.array(what).map(Blake2sHash)
    }

    /// A list: its length, at most `limit`, then its items of `item_bytes` bytes each, read by `item`.
    pub fn list<T>(
        &mut self,
        what: &'static str,
        limit: usize,
        item_bytes: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let at = self.at;
        let length = self.u32(what)? as usize;
        if length > limit {
            return Err(DecodeError::OutOfRange { what, at, reason: format!("{length} items, at most {limit} fit") });
        }
        if self.remaining() / item_bytes < length {
            return Err(DecodeError::TooShort { what, at });
        }
        (0..length).map(|_| item(self)).collect()
    }

    /// Ends the reading; there must be nothing left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }
}

/// Appends values to a byte string; the inverse of [`Reader`].
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Writes the reduced element; arithmetic may leave p for zero.
    pub fn base_field(&mut self, value: BaseField) {
        self.u32(if value.0 == P { 0 } else { value.0 });
    }

    pub fn secure_field(&mut self, value: SecureField) {
        value.to_m31_array().into_iter().for_each(|coordinate| self.base_field(coordinate));
    }

    pub fn hash(&mut self, hash: Blake2sHash) {
        self.bytes(&hash.0);
    }

    /// Writes the length, then each item by `item`.
    pub fn list<T: Copy>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, T)) {
        self.u32(u32::try_from(items.len()).expect("lists of a proof are short"));
        items.iter().for_each(|value| item(self, *value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_round_trip() {
        let secure = SecureField::from_u32_unchecked(1, P - 1, 0, 77);
        let mut writer = Writer::new();
        writer.u16(0xbeef);
        writer.u32(7);
        writer.u64(u64::MAX);
        writer.secure_field(secure);
        writer.list(&[Blake2sHash([3; 32]), Blake2sHash([4; 32])], Writer::hash);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u16("a"), Ok(0xbeef));
        assert_eq!(reader.u32("b"), Ok(7));
        assert_eq!(reader.u64("c"), Ok(u64::MAX));
        assert_eq!(reader.secure_field("d"), Ok(secure));
        assert_eq!(reader.list("e", 2, 32, |r| r.hash("e")), Ok(vec![Blake2sHash([3; 32]), Blake2sHash([4; 32])]));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn an_unreduced_zero_is_written_reduced() {
        let mut writer = Writer::new();
        writer.base_field(BaseField::from_u32_unchecked(P));
        assert_eq!(writer.into_bytes(), [0; 4]);
    }

    #[test]
    fn elements_at_or_above_the_modulus_are_refused() {
        for value in [P, P + 1, u32::MAX] {
            let bytes = value.to_le_bytes();
            let error = Reader::new(&bytes).base_field("x").unwrap_err();
            assert!(error.to_string().contains("not below the modulus"), "{error}");
        }
    }

    #[test]
    fn lists_are_bounded_before_they_are_allocated() {
        let huge = u32::MAX.to_le_bytes();
        assert!(matches!(
            Reader::new(&huge).list("x", usize::MAX, 4, |r| r.u32("x")),
            Err(DecodeError::TooShort { .. })
        ));
        assert!(matches!(
            Reader::new(&[3, 0, 0, 0, 1, 2, 3]).list("x", 2, 1, |r| r.bytes(1, "x")),
            Err(DecodeError::OutOfRange { .. })
        ));
    }

    #[test]
    fn short_and_trailing_bytes_are_refused() {
        assert_eq!(Reader::new(&[1]).u16("x"), Err(DecodeError::TooShort { what: "x", at: 0 }));
        assert_eq!(Reader::new(&[1]).finish(), Err(DecodeError::Trailing { count: 1 }));
    }
}
