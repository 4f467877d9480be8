//! The head of every proof: what it is and which parameters it was made with.

use stwo::core::pcs::PcsConfig;
use thiserror::Error;

use crate::bytes::{DecodeError, Reader, Writer};
use crate::policy::{MIN_SECURITY_BITS, SecurityProfile};

/// First bytes of every proof.
const MAGIC: [u8; 4] = *b"PVFP";

/// Version of the encoding of head and STARK proof. Raise it with any change of bytes or transcript.
const VERSION: u16 = 1;

/// Which prover made a proof; decides how the bytes after the head are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofKind {
    /// The Fibonacci programs' own AIR.
    Fibonacci,
    /// The zkVM.
    Zkvm,
}

impl ProofKind {
    const fn tag(self) -> u16 {
        match self {
            Self::Fibonacci => 1,
            Self::Zkvm => 2,
        }
    }
}

/// Why a head is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    #[error("not a proof of this kind: {0}")]
    Malformed(String),
    /// The parameters count fewer bits than the policy's minimum.
    #[error("made with parameters worth {bits} bits of security, at least {MIN_SECURITY_BITS} are required")]
    WeakSecurity { bits: u64 },
}

impl From<DecodeError> for EnvelopeError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Writes the head: magic, version, kind, and the configuration in full.
pub fn write_head(writer: &mut Writer, kind: ProofKind, config: &PcsConfig) {
    writer.bytes(&MAGIC);
    writer.u16(VERSION);
    writer.u16(kind.tag());
    let fri = &config.fri_config;
    writer.u32(config.pow_bits);
    writer.u32(fri.log_blowup_factor);
    writer.u32(u32::try_from(fri.n_queries).expect("the number of queries is small"));
    writer.u32(fri.fold_step);
    writer.u32(fri.log_last_layer_degree_bound);
    // A lifting size is never zero, so zero stands for none.
    writer.u32(config.lifting_log_size.unwrap_or(0));
}

/// Reads a head of `kind` and returns the profile and the lifting size it states, after checking that the profile
/// counts at least [`MIN_SECURITY_BITS`]. The caller must still compare both with what it pins; [`expect_config`] does.
pub fn read_head(reader: &mut Reader<'_>, kind: ProofKind) -> Result<(SecurityProfile, u32), EnvelopeError> {
    if reader.bytes(MAGIC.len(), "magic")? != MAGIC {
        return Err(EnvelopeError::Malformed("the magic bytes are missing".to_string()));
    }
    let version = reader.u16("version")?;
    if version != VERSION {
        return Err(EnvelopeError::Malformed(format!("version {version}, this verifier reads version {VERSION}")));
    }
    let tag = reader.u16("kind")?;
    if tag != kind.tag() {
        return Err(EnvelopeError::Malformed(format!("kind {tag} where {} was expected", kind.tag())));
    }
    let profile = SecurityProfile {
        pow_bits: reader.u32("pow_bits")?,
        log_blowup_factor: reader.u32("log_blowup_factor")?,
        n_queries: reader.u32("n_queries")?,
        fold_step: reader.u32("fold_step")?,
        log_last_layer_degree_bound: reader.u32("log_last_layer_degree_bound")?,
    };
    let lifting = reader.u32("lifting_log_size")?;
    // In 128 bits, because the numbers are the sender's.
    let bits = u128::from(profile.pow_bits) + u128::from(profile.log_blowup_factor) * u128::from(profile.n_queries);
    if bits < u128::from(MIN_SECURITY_BITS) {
        return Err(EnvelopeError::WeakSecurity { bits: bits as u64 });
    }
    Ok((profile, lifting))
}

/// Reads a head of `kind` and requires exactly this profile and lifting size.
pub fn expect_config(
    reader: &mut Reader<'_>,
    kind: ProofKind,
    profile: &SecurityProfile,
    lifting_log_size: Option<u32>,
) -> Result<PcsConfig, EnvelopeError> {
    let (stated, lifting) = read_head(reader, kind)?;
    if stated != *profile {
        return Err(EnvelopeError::Malformed(format!("made with {stated:?}, this verifier pins {profile:?}")));
    }
    if lifting != lifting_log_size.unwrap_or(0) {
        return Err(EnvelopeError::Malformed(format!(
            "lifting size {lifting}, the claim needs {}",
            lifting_log_size.unwrap_or(0)
        )));
    }
    Ok(profile.config(lifting_log_size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: ProofKind, config: &PcsConfig) -> Vec<u8> {
        let mut writer = Writer::new();
        write_head(&mut writer, kind, config);
        writer.into_bytes()
    }

    fn read(bytes: &[u8]) -> Result<PcsConfig, EnvelopeError> {
        expect_config(&mut Reader::new(bytes), ProofKind::Fibonacci, &SecurityProfile::FAST, Some(9))
    }

    #[test]
    fn the_pinned_head_round_trips() {
        let config = SecurityProfile::FAST.config(Some(9));
        assert_eq!(read(&head(ProofKind::Fibonacci, &config)), Ok(config));
    }

    #[test]
    fn the_library_default_is_too_weak() {
        let error = read(&head(ProofKind::Fibonacci, &PcsConfig::default())).unwrap_err();
        assert_eq!(error, EnvelopeError::WeakSecurity { bits: 13 });
    }

    #[test]
    fn strong_but_other_parameters_are_refused() {
        let other = SecurityProfile { n_queries: 200, ..SecurityProfile::FAST };
        assert!(matches!(read(&head(ProofKind::Fibonacci, &other.config(Some(9)))), Err(EnvelopeError::Malformed(_))));
        for lifting in [None, Some(10)] {
            let config = SecurityProfile::FAST.config(lifting);
            assert!(matches!(read(&head(ProofKind::Fibonacci, &config)), Err(EnvelopeError::Malformed(_))));
        }
    }

    #[test]
    fn bits_do_not_overflow() {
        let mut bytes = head(ProofKind::Fibonacci, &SecurityProfile::FAST.config(Some(9)));
        bytes[8..32].fill(0xff);
        assert!(matches!(read(&bytes), Err(EnvelopeError::Malformed(_))));
    }

    #[test]
    fn every_changed_byte_and_every_truncation_is_refused() {
        let bytes = head(ProofKind::Fibonacci, &SecurityProfile::FAST.config(Some(9)));
        assert!(read(&head(ProofKind::Zkvm, &SecurityProfile::FAST.config(Some(9)))).is_err());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(read(&changed).is_err(), "byte {at}");
            assert!(read(&bytes[..at]).is_err(), "{at} bytes");
        }
    }
}
