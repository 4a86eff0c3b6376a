//! How a secret may look in a place it should not be in, and the search for all of it at once.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// One secret.
pub(super) struct Canary {
    pub(super) name: &'static str,
    clear: String,
}

impl Canary {
    pub(super) fn new(name: &'static str, clear: &str) -> Self {
        assert!(!clear.is_empty(), "an empty {name} would be found anywhere");
        Self {
            name,
            clear: clear.to_owned(),
        }
    }
}

/// One way a secret may be written.
struct Guise {
    canary: usize,
    how: &'static str,
    /// The last six characters: told apart from other numbers that end so.
    is_tail: bool,
}

/// Characters of a value that already say whose it is.
const TAIL: usize = 6;
/// No number, name or password is as long.
const TOKEN_MIN: usize = 32;
/// Shorter pieces of base64 or raw bytes come up by chance.
const PIECE_MIN: usize = 6;

/// Finds every guise of every canary in one pass.
pub(super) struct Search {
    canaries: Vec<Canary>,
    guises: Vec<Guise>,
    patterns: AhoCorasick,
}

impl Search {
    pub(super) fn new(canaries: Vec<Canary>) -> Self {
        let mut guises = Vec::new();
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        for (at, canary) in canaries.iter().enumerate() {
            for (how, bytes) in guises_of(&canary.clear) {
                let is_tail = how == "its end";
                guises.push(Guise {
                    canary: at,
                    how,
                    is_tail,
                });
                patterns.push(bytes);
            }
        }
        let patterns = AhoCorasick::new(patterns).expect("patterns");
        Self {
            canaries,
            guises,
            patterns,
        }
    }

    /// The first canary in `hay` and how it is written there; nothing of its value.
    pub(super) fn find(&self, hay: &[u8]) -> Option<String> {
        self.patterns.find_overlapping_iter(hay).find_map(|hit| {
            let guise = &self.guises[hit.pattern().as_usize()];
            let canary = &self.canaries[guise.canary];
            let chance = guise.is_tail
                && (is_another_number(hay, hit.range(), &canary.clear)
                    || is_sealed(hay, hit.start()));
            (!chance).then(|| format!("{} ({})", canary.name, guise.how))
        })
    }
}

/// Every way to write a value, by name.
fn guises_of(clear: &str) -> Vec<(&'static str, Vec<u8>)> {
    let gbk = encoding_rs::GBK.encode(clear).0.into_owned();
    let mut all = Vec::new();
    written(
        clear.as_bytes(),
        ["as it is", "base64", "hex", "URL-encoded", "bytes"],
        &mut all,
    );
    // Of a name of two characters GBK is four bytes: they come up by chance in anything that is sealed.
    if gbk != clear.as_bytes() && gbk.len() >= PIECE_MIN {
        let names = [
            "GBK",
            "base64 of GBK",
            "hex of GBK",
            "URL-encoded GBK",
            "bytes of GBK",
        ];
        written(&gbk, names, &mut all);
    }
    for gap in [" ", "-", "\u{3000}"] {
        let letters: Vec<String> = clear.chars().map(String::from).collect();
        all.push(("spaced", letters.join(gap).into_bytes()));
    }
    let utf16: Vec<u16> = clear.encode_utf16().collect();
    if !clear.is_ascii() {
        let escaped = clear.bytes().map(|byte| format!("\\x{byte:02x}"));
        all.push(("byte escapes", escaped.collect::<String>().into_bytes()));
        let json = |unit: &u16| format!("\\u{unit:04x}");
        all.push((
            "JSON escapes",
            utf16.iter().map(json).collect::<String>().into_bytes(),
        ));
        let upper = |unit: &u16| format!("\\u{unit:04X}");
        all.push((
            "JSON escapes",
            utf16.iter().map(upper).collect::<String>().into_bytes(),
        ));
        all.push((
            "Rust escapes",
            clear.escape_unicode().to_string().into_bytes(),
        ));
    }
    let wide: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    if wide.len() >= PIECE_MIN {
        all.push(("UTF-16", wide));
    }
    let letters: Vec<char> = clear.chars().collect();
    // Of dozens of tokens one ends like something in megabytes of base64.
    let is_token = clear.is_ascii() && letters.len() >= TOKEN_MIN;
    let tail = if is_token { 2 * TAIL } else { TAIL };
    if letters.len() > tail {
        let end: String = letters[letters.len() - tail..].iter().collect();
        all.push(("its end", end.into_bytes()));
    }
    all
}

fn written(bytes: &[u8], names: [&'static str; 5], all: &mut Vec<(&'static str, Vec<u8>)>) {
    let [plain, base64, hex, url, list] = names;
    all.push((plain, bytes.to_vec()));
    for piece in base64_pieces(bytes) {
        all.push((base64, piece.into_bytes()));
    }
    all.push((hex, hex::encode(bytes).into_bytes()));
    all.push((hex, hex::encode_upper(bytes).into_bytes()));
    let encoded: String = form_urlencoded::byte_serialize(bytes).collect();
    if encoded.as_bytes() != bytes {
        all.push((url, encoded.to_ascii_lowercase().into_bytes()));
        all.push((url, encoded.into_bytes()));
    }
    // How Rust prints bytes.
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    all.push((list, numbers.join(", ").into_bytes()));
}

/// A value inside a longer text that was encoded stands at one of three offsets; of each only the
/// characters that its neighbours cannot change.
fn base64_pieces(bytes: &[u8]) -> Vec<String> {
    let mut pieces = Vec::new();
    for before in 0..3_usize {
        let mut shifted = vec![0_u8; before];
        shifted.extend_from_slice(bytes);
        let first = (before * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let piece = &engine.encode(&shifted)[first..last];
            if piece.len() >= PIECE_MIN && !pieces.iter().any(|known| known == piece) {
                pieces.push(piece.to_owned());
            }
        }
    }
    pieces
}

/// Whether six last characters that were found belong to something else: a longer number, a digest
/// or id in hex, or the places behind a decimal point. What is left is no chance: the values are
/// chosen so that their ends begin with 0 or hold an X, and no program prints a number so.
fn is_another_number(hay: &[u8], found: std::ops::Range<usize>, clear: &str) -> bool {
    let run = |part: fn(&u8) -> bool| {
        let before = hay[..found.start]
            .iter()
            .rev()
            .take_while(|byte| part(byte));
        let after = hay[found.end..].iter().take_while(|byte| part(byte));
        (found.start - before.count(), found.end + after.count())
    };
    let (start, end) = run(u8::is_ascii_alphanumeric);
    let token = &hay[start..end];
    let hex = token.iter().all(u8::is_ascii_hexdigit) && !token.iter().all(u8::is_ascii_digit);
    let (start, end) = run(u8::is_ascii_digit);
    let number = &hay[start..end];
    let fraction = start >= 2 && hay[start - 1] == b'.' && hay[start - 2].is_ascii_digit();
    hex || fraction || !clear.as_bytes().ends_with(number) && number.iter().all(u8::is_ascii_digit)
}

/// Whether six last characters that were found stand in an envelope, behind `a1:KEY:` or `a1:KEY:NONCE:`: what is
/// sealed is chance, and megabytes of it hold any six characters now and then.
fn is_sealed(hay: &[u8], found: usize) -> bool {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_:".contains(*byte);
    let before = hay[..found].iter().rev().take_while(part).count();
    let run = &hay[found - before..found];
    let Some(at) = run.windows(3).rposition(|three| three == b"a1:") else {
        return false;
    };
    let mut parts = run[at + 3..].split(|byte| *byte == b':');
    let key = parts.next().unwrap_or_default();
    key.len() >= 8 && key.iter().all(u8::is_ascii_hexdigit) && (1..=2).contains(&parts.count())
}

/// The search finds each guise of a planted value, and takes no other number for one.
pub(super) fn proves_itself() {
    let search = Search::new(vec![
        Canary::new("number", "1504010048391"),
        Canary::new("name", "欧阳明珠"),
        Canary::new("ID number", "15049919830927058X"),
    ]);
    let told = |hay: &[u8]| search.find(hay).unwrap_or_default();
    let encoded = |text: &str| STANDARD_NO_PAD.encode(text);
    for (hay, wanted) in [
        (
            "about 1504010048391.".as_bytes().to_vec(),
            "number (as it is)",
        ),
        (
            encoded("{\"a\":\"1504010048391\"}").into_bytes(),
            "number (base64)",
        ),
        (
            encoded("{\"ab\":\"1504010048391\"}").into_bytes(),
            "number (base64)",
        ),
        (
            encoded("{\"abc\":\"1504010048391\"}").into_bytes(),
            "number (base64)",
        ),
        (hex::encode("x1504010048391").into_bytes(), "number (hex)"),
        (b"1 5 0 4 0 1 0 0 4 8 3 9 1".to_vec(), "number (spaced)"),
        (b"*******048391 paid".to_vec(), "number (its end)"),
        (b"home0048391".to_vec(), "number (its end)"),
        (
            format!("{:?}", "欧阳明珠".as_bytes()).into_bytes(),
            "name (bytes)",
        ),
        (
            "%E6%AC%A7%E9%98%B3%E6%98%8E%E7%8F%A0".as_bytes().to_vec(),
            "name (URL-encoded)",
        ),
        (
            encoding_rs::GBK.encode("户主欧阳明珠").0.into_owned(),
            "name (GBK)",
        ),
        (
            b"\\u6b27\\u9633\\u660e\\u73e0".to_vec(),
            "name (JSON escapes)",
        ),
        (
            br"\xe6\xac\xa7\xe9\x98\xb3\xe6\x98\x8e\xe7\x8f\xa0".to_vec(),
            "name (byte escapes)",
        ),
        (b"id 27058X".to_vec(), "ID number (its end)"),
        (
            b"a1:0a1b2c3d:c2VhbA:c2VhbA *******048391".to_vec(),
            "number (its end)",
        ),
        (
            b"a1:0a1b2c3d:c2VhbA:x1504010048391".to_vec(),
            "number (as it is)",
        ),
    ] {
        assert_eq!(told(&hay), wanted, "{}", String::from_utf8_lossy(&hay));
    }
    for chance in [
        "at 10:00:00.048391Z",
        "0a048391c4",
        "19048391",
        "0483917",
        "27058x",
        "a1:0a1b2c3d:c2VhbA:Qx_048391Zy-w",
        "a1:0a1b2c3d:c2Vh048391bA:c2VhbA",
    ] {
        assert_eq!(told(chance.as_bytes()), "", "{chance}");
    }
}
