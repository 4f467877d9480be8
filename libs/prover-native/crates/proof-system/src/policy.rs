//! The security policy: the only place where the parameters of the commitment scheme are chosen.

use stwo::core::fri::FriConfig;
use stwo::core::pcs::PcsConfig;

/// The least security, in bits, at which a proof is accepted.
///
/// It is counted as the library counts it, `pow_bits + log_blowup_factor × n_queries`, which
/// assumes that a FRI query gives `log_blowup_factor` bits (the conjectured soundness of FRI, not the proven one). What
/// is proven gives about half of that a query: some 53 bits for 86 queries at blowup 2 and 10 bits of work.
pub const MIN_SECURITY_BITS: u32 = 96;

/// One choice of parameters. A verifier pins a profile as a whole: a proof made with any other one is refused,
/// even if it counts as many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityProfile {
    /// Zero bits that the proof of work must show before the queries are drawn.
    pub pow_bits: u32,
    /// Logarithm of the ratio between evaluation domain and trace.
    pub log_blowup_factor: u32,
    /// Number of FRI queries.
    pub n_queries: u32,
    /// Number of halvings between two committed FRI layers.
    pub fold_step: u32,
    /// Logarithm of the degree bound of FRI's last layer, which is sent in clear.
    pub log_last_layer_degree_bound: u32,
}

impl SecurityProfile {
    /// Fastest proving. The bits come from queries; the proof of work costs next to nothing.
    pub const FAST: Self =
        Self { pow_bits: 10, log_blowup_factor: 1, n_queries: 86, fold_step: 3, log_last_layer_degree_bound: 0 };

    /// Security in bits by the formula at [`MIN_SECURITY_BITS`].
    pub const fn security_bits(&self) -> u32 {
        self.pow_bits + self.log_blowup_factor * self.n_queries
    }

    /// The library's configuration for this profile.
    ///
    /// `lifting_log_size` is the logarithm of the largest evaluation domain of the proof (largest trace size plus
    /// blowup). stwo 2.3.0 needs it whenever the preprocessed tree is not empty and may be lower than the others:
    /// without it some honest proofs fail to verify. Pass `None` only if there are no preprocessed columns.
    pub fn config(&self, lifting_log_size: Option<u32>) -> PcsConfig {
        PcsConfig {
            pow_bits: self.pow_bits,
            fri_config: FriConfig::new(
                self.log_last_layer_degree_bound,
                self.log_blowup_factor,
                self.n_queries as usize,
                self.fold_step,
            ),
            lifting_log_size,
        }
    }
}

const _: () = assert!(SecurityProfile::FAST.security_bits() >= MIN_SECURITY_BITS);
