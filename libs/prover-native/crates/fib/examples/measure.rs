use provefleet_fib::*;
fn main() {
    for n in std::env::args().skip(1).map(|v| v.parse::<u32>().unwrap()) {
        let input: Vec<u8> = [n, 1, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut times = vec![];
        let mut vt = vec![];
        let mut out = None;
        for _ in 0..if n < 100000 { 21 } else { 5 } {
            let t = std::time::Instant::now();
            let o = prove("fib_input_initial", &input, &ProveOptions::default()).unwrap();
            times.push(t.elapsed().as_secs_f64() * 1e3);
            let t = std::time::Instant::now();
            let v = verify(&Claim {
                program_id: "fib_input_initial",
                input: &input,
                public_output: &o.public_output,
                proof: &o.proof,
            })
            .unwrap();
            vt.push(t.elapsed().as_secs_f64() * 1e3);
            assert_eq!(v.security_bits, 96);
            out = Some(o);
        }
        times.sort_by(f64::total_cmp);
        vt.sort_by(f64::total_cmp);
        let o = out.unwrap();
        println!(
            "n={n} prove med {:.2} min {:.2} verify {:.2} proof {} result {} {:?}",
            times[times.len() / 2],
            times[0],
            vt[vt.len() / 2],
            o.proof.len(),
            u32::from_le_bytes(o.public_output[..4].try_into().unwrap()),
            o.stages
        );
    }
}
