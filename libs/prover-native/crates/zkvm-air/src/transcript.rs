//! The transcript that the parts of a segmented run share.
//!
//! Each part has a transcript of its own. When all have their main commitment, their states enter one common transcript,
//! from which the interaction randomness is drawn; its state then enters each part's again. So the randomness depends on
//! every part's claim and main trace, which is what makes sums over parts meaningful.

use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::qm31::SecureField;

use crate::relation::Relations;

/// Enters the common transcript first.
const RUN_TAG: u32 = u32::from_le_bytes(*b"PFZR");

fn digest_words(channel: &Blake2sChannel) -> [u32; 8] {
    let bytes = channel.digest().0;
    std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|j| bytes[4 * i + j])))
}

/// The common transcript, with all parts' states in it.
pub struct RunTranscript(Blake2sChannel);

impl RunTranscript {
    /// The transcript of parts that have committed to their main traces, in order.
    pub fn new<'a>(parts: impl ExactSizeIterator<Item = &'a Blake2sChannel>) -> Self {
        let mut message = vec![RUN_TAG, parts.len() as u32];
        message.extend(parts.flat_map(digest_words));
        let mut channel = Blake2sChannel::default();
        channel.mix_u32s(&message);
        Self(channel)
    }

    /// For the proof of work.
    pub fn channel(&self) -> &Blake2sChannel {
        &self.0
    }

    /// Draws the randomness, after the proof of work.
    pub fn draw(&mut self, nonce: u64) -> RunRandomness {
        self.0.mix_u64(nonce);
        let drawn = self.0.draw_secure_felts(2);
        RunRandomness { z: drawn[0], alpha: drawn[1], state: digest_words(&self.0) }
    }
}

/// The interaction randomness of a segmented run.
#[derive(Clone, Copy, Debug)]
pub struct RunRandomness {
    z: SecureField,
    alpha: SecureField,
    state: [u32; 8],
}

impl RunRandomness {
    /// The relations of a part: 0 is memory's, then the segments.
    pub fn relations(&self, part: usize) -> Relations {
        Relations::of_segment(self.z, self.alpha, part as u32)
    }

    /// Puts the common transcript's state into a part's own.
    pub fn mix_into(&self, channel: &mut Blake2sChannel) {
        channel.mix_u32s(&self.state);
    }
}
