//! Whether what is wrong with a ciphertext shows in the time it takes (PV-09).

use super::*;

/// One of each kind of failure that a stranger would like to tell apart, after the right one.
fn kinds(good: &Draft<'_>, pair: &KeyPair, other: &KeyPair) -> Vec<(&'static str, String)> {
    let modulus = &pair.modulus;
    let swapped = |at: usize, part: &str| {
        let mut parts = good.parts(modulus);
        parts[at] = part.to_owned();
        parts.join(".")
    };
    let short = Draft {
        cek: vec![7; 16],
        header: good.header.clone(),
        ..Draft::of(&pair.key_id, good.text)
    };
    let sha1 = Draft {
        oaep: &aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1,
        ..Draft::of(&pair.key_id, good.text)
    };
    let foreign = format!(
        r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{}"}}"#,
        "0".repeat(36)
    );
    let named = Draft {
        header: foreign,
        ..Draft::of(&pair.key_id, good.text)
    };
    vec![
        ("good padding, right tag", good.jwe(modulus)),
        ("good padding, wrong tag", swapped(4, &B64.encode([0; 16]))),
        (
            "good padding, wrong nonce",
            swapped(2, &B64.encode([4; 12])),
        ),
        ("bad padding", swapped(1, &B64.encode([1; 384]))),
        ("another hash in the padding", sha1.jwe(modulus)),
        ("a content key too short", short.jwe(modulus)),
        ("another pair's", good.jwe(&other.modulus)),
        ("another key named", named.jwe(modulus)),
        ("a sealed key too short", swapped(1, &B64.encode([1; 12]))),
        ("a sealed key too long", swapped(1, &B64.encode([1; 400]))),
        ("a nonce too short", swapped(2, &B64.encode([4; 8]))),
        ("a nonce too long", swapped(2, &B64.encode([4; 16]))),
        ("a tag too short", swapped(4, &B64.encode([0; 8]))),
        ("a tag too long", swapped(4, &B64.encode([0; 24]))),
    ]
}

/// The middle of the differences between two works done in turn, in nanoseconds.
fn slower_by(pairs: usize, mut one: impl FnMut(), mut other: impl FnMut()) -> i128 {
    let took = |work: &mut dyn FnMut()| {
        let began = std::time::Instant::now();
        work();
        i128::try_from(began.elapsed().as_nanos()).unwrap()
    };
    let mut differences: Vec<i128> = (0..pairs)
        .map(|nth| {
            // Who begins changes, so that being second is no difference.
            if nth % 2 == 0 {
                let first = took(&mut one);
                took(&mut other) - first
            } else {
                let second = took(&mut other);
                second - took(&mut one)
            }
        })
        .collect();
    differences.sort_unstable();
    differences[pairs / 2]
}

const PLANTED: std::time::Duration = std::time::Duration::from_micros(20);

/// Needs a quiet machine: part of `make test-long`.
#[tokio::test]
#[ignore = "a comparison of times, for make test-long"]
async fn pv_09_no_failure_takes_another_time() {
    let pairs = std::env::var("TIMING_PAIRS").map_or(1_000, |text| text.parse().unwrap());
    let vault = WrappedVault::new(Arc::new(Bare));
    let (pair, other) = (pair(&vault).await, self::pair(&vault).await);
    let private = Bare.unwrap(&pair.key_id, &pair.wrapped).unwrap();
    let private = pair::Private::read(&private).unwrap();
    let kid = pair.key_id.as_str();
    let kinds = kinds(&Draft::of(&pair.key_id, TEXT), &pair, &other);
    let open = |jwe: &str| drop(jwe::open(&private, kid, jwe).unwrap());
    let late = |jwe: &str| {
        open(jwe);
        let began = std::time::Instant::now();
        while began.elapsed() < PLANTED {
            std::hint::spin_loop();
        }
    };
    let (_, right) = &kinds[0];
    let bound = i128::try_from(PLANTED.as_nanos() / 2).unwrap();
    for (name, wrong) in &kinds[1..] {
        let planted = slower_by(pairs, || open(right), || late(wrong));
        assert!(
            planted > bound,
            "{name}: a planted 20 us shows as {planted} ns"
        );
        let by = slower_by(pairs, || open(right), || open(wrong));
        println!("{name}: {by} ns, with 20 us planted {planted} ns");
        assert!(by.abs() < bound, "{name}: {by} ns");
    }
}
