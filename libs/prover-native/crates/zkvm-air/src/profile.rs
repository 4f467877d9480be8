//! Parameters of the proof system.

use provefleet_proof_system::{MIN_SECURITY_BITS, SecurityProfile};
use stwo::core::pcs::PcsConfig;

/// Trade of proving time for proof size. All have 96 bits of security by the library's formula
/// (pow_bits + log_blowup * queries), a conjecture about FRI; see docs/zkvm.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Fastest for large runs.
    Fast,
    /// As fast for small runs, 40 % smaller.
    Balanced,
    /// A third of the size, three to five times the time and memory.
    Compact,
}

/// Proof of work before the interaction randomness is drawn. It lowers the LogUp error, about entries / 2^124.
pub const INTERACTION_POW_BITS: u32 = 16;

/// Steps from which `Fast` is the default.
const FAST_FROM_STEPS: u64 = 1 << 17;

impl Profile {
    pub const ALL: [Profile; 3] = [Profile::Fast, Profile::Balanced, Profile::Compact];

    /// The default for a run of that many steps.
    pub fn for_steps(steps: u64) -> Self {
        if steps < FAST_FROM_STEPS { Profile::Balanced } else { Profile::Fast }
    }

    pub fn name(self) -> &'static str {
        match self {
            Profile::Fast => "fast",
            Profile::Balanced => "balanced",
            Profile::Compact => "compact",
        }
    }

    /// The parameters. 16 bits of proof of work cost about 2 ms and save queries.
    pub const fn security(self) -> SecurityProfile {
        let log_blowup_factor = match self {
            Profile::Fast => 1,
            Profile::Balanced => 2,
            Profile::Compact => 4,
        };
        SecurityProfile {
            pow_bits: 16,
            log_blowup_factor,
            n_queries: 80 / log_blowup_factor,
            fold_step: 3,
            log_last_layer_degree_bound: 0,
        }
    }

    /// The profile with these parameters, if there is one.
    pub fn of_security(security: &SecurityProfile) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.security() == *security)
    }

    pub const fn log_blowup(self) -> u32 {
        self.security().log_blowup_factor
    }

    /// Configuration for a proof whose largest column has 2^`max_log_size` rows. All trees are lifted to one height,
    /// see [`SecurityProfile::config`].
    pub fn config(self, max_log_size: u32) -> PcsConfig {
        self.security().config(Some(max_log_size + self.log_blowup()))
    }
}

const _: () = {
    assert!(Profile::Fast.security().security_bits() >= MIN_SECURITY_BITS);
    assert!(Profile::Balanced.security().security_bits() >= MIN_SECURITY_BITS);
    assert!(Profile::Compact.security().security_bits() >= MIN_SECURITY_BITS);
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The library's fault with trees of different heights is avoided by this and by nothing else.
    #[test]
    fn all_trees_of_a_proof_have_the_height_of_the_tallest() {
        for profile in Profile::ALL {
            for max_log_size in 5..=24 {
                let config = profile.config(max_log_size);
                assert_eq!(config.lifting_log_size, Some(max_log_size + config.fri_config.log_blowup_factor));
            }
        }
    }

    #[test]
    fn profiles_are_told_apart_by_their_parameters() {
        for profile in Profile::ALL {
            assert_eq!(Profile::of_security(&profile.security()), Some(profile));
        }
        assert_eq!(Profile::of_security(&SecurityProfile::FAST), None, "the Fibonacci provers' parameters");
    }
}
