//! Numbers people type in: what is taken is whole and valid, reads the same again, and shows no more
//! than its mask allows.

use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};

pub(super) fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    id_no(text);
    consumer_no(text);
    phone(text);
    name(text);
}

fn id_no(text: &str) {
    let read = IdNo::parse(text);
    let upper = text.trim().to_uppercase();
    assert_eq!(
        read.is_ok(),
        is_id_no(&upper) && text.trim().is_ascii(),
        "{text:?}"
    );
    let Ok(number) = read else { return };
    assert_eq!(number.expose(), upper);
    assert_eq!(IdNo::parse(number.expose()).as_ref(), Ok(&number));
    hides(&number.masked(), number.expose(), 7);
    assert_eq!(format!("{number:?}"), "[IdNo]");
}

/// GB 11643-1999 by its own words: 17 digits and a check character, ISO 7064 MOD 11-2, a real day.
fn is_id_no(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() != 18 || !letters[..17].iter().all(char::is_ascii_digit) {
        return false;
    }
    let digit = |letter: char| letter.to_digit(10).unwrap_or(0);
    // MOD 11-2: p = 2 (p + digit) at each place, and the check makes p + check = 1 mod 11.
    let sum = letters[..17]
        .iter()
        .fold(0, |p, letter| (p + digit(*letter)) * 2 % 11);
    let check = match letters[17] {
        'X' => 10,
        letter if letter.is_ascii_digit() => digit(letter),
        _ => return false,
    };
    let part = |from: usize, to: usize| letters[from..to].iter().fold(0, |n, l| n * 10 + digit(*l));
    (sum + check) % 11 == 1 && is_day(part(6, 10), part(10, 12), part(12, 14))
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn consumer_no(text: &str) {
    let read = ConsumerNo::parse(text);
    let trimmed = text.trim();
    let valid = [10, 13].contains(&trimmed.len()) && trimmed.chars().all(|c| c.is_ascii_digit());
    assert_eq!(read.is_ok(), valid, "{text:?}");
    let Ok(number) = read else { return };
    assert_eq!(number.expose(), trimmed);
    assert_eq!(ConsumerNo::parse(number.expose()).as_ref(), Ok(&number));
    hides(&number.masked(), number.expose(), 4);
    assert_eq!(number.tail().len(), 4);
    assert_eq!(format!("{number:?}"), "[ConsumerNo]");
}

fn phone(text: &str) {
    let Ok(number) = Phone::parse(text) else {
        return;
    };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    assert!(
        digits.ends_with(number.expose()),
        "digits that nobody typed: {text:?}"
    );
    assert_eq!(number.expose().len(), 11);
    assert_eq!(Phone::parse(number.expose()).as_ref(), Ok(&number));
    hides(&number.masked(), number.expose(), 7);
}

fn name(text: &str) {
    let Ok(name) = PersonName::parse(text) else {
        return;
    };
    assert_eq!(name.expose(), text.trim());
    assert_eq!(PersonName::parse(name.expose()).as_ref(), Ok(&name));
    let letters = name.expose().chars().count();
    assert!((1..=64).contains(&letters) && !name.expose().chars().any(char::is_control));
    hides(&name.masked(), name.expose(), 2.min(letters - 1));
}

/// The mask is as long as the value and keeps at most `shown` of its characters, in their places.
fn hides(masked: &str, clear: &str, shown: usize) {
    let (masked, clear): (Vec<char>, Vec<char>) =
        (masked.chars().collect(), clear.chars().collect());
    assert_eq!(masked.len(), clear.len());
    let kept = masked.iter().zip(&clear).filter(|(mask, _)| **mask != '*');
    let kept: Vec<_> = kept.collect();
    assert!(kept.len() <= shown, "{} characters shown", kept.len());
    assert!(kept.iter().all(|(mask, clear)| mask == clear));
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "150499199001010014",
        "15049919830927058X",
        " 15049919900101009x ",
        "150499200002290033",
        "1504010020017",
        "1504010020",
        "+86 190 0000 0001",
        "19000004639",
        "欧阳明珠",
        "李",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
