//! What the CPU that we run on can do. The standard library asks CPUID and the operating system.

/// Builds that the CPU can run, plainest first.
pub fn supported_builds() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let mut builds = vec!["x86-64"];
        if X86_64_V3.iter().all(|feature| features().contains(feature)) {
            builds.push("x86-64-v3");
        }
        builds
    }
    #[cfg(target_arch = "aarch64")]
    {
        vec!["arm64"]
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        Vec::new()
    }
}

/// The features that the x86-64 psABI adds at level 3, without those of level 2 that AVX implies.
#[cfg(target_arch = "x86_64")]
const X86_64_V3: [&str; 8] = ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe"];

/// Those of the features that matter for proving that the CPU has.
pub fn features() -> Vec<&'static str> {
    let mut seen = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! probe {
            ($($feature:tt),*) => {
                $(if std::arch::is_x86_feature_detected!($feature) { seen.push($feature); })*
            };
        }
        probe!(
            "sse4.2",
            "avx",
            "avx2",
            "bmi1",
            "bmi2",
            "f16c",
            "fma",
            "lzcnt",
            "movbe",
            "avx512f",
            "avx512bw",
            "avx512dq",
            "avx512vl",
            "avx512ifma"
        );
    }
    #[cfg(target_arch = "aarch64")]
    {
        if std::arch::is_aarch64_feature_detected!("neon") {
            seen.push("neon");
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_runs_at_least_one_build() {
        let builds = supported_builds();
        assert!(!builds.is_empty());
        #[cfg(target_arch = "x86_64")]
        assert_eq!(builds.contains(&"x86-64-v3"), X86_64_V3.iter().all(|feature| features().contains(feature)));
    }
}
